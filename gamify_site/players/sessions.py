"""Sessions in Django's cache, except that a silent data store is an error and not an empty session.

Django's own engine takes it for an empty one: whenever Redis hiccups everybody would be logged out and lose the cookie.
"""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends import cache
from django.core.cache import caches

from gamify_site.store.connection import guarded, patiently


class SessionStore(cache.SessionStore):
    """One session; Django finds this class by its name in the module that SESSION_ENGINE names."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty where it has ended. Raises `StoreUnavailable`. One round trip."""
        key = self.cache_key
        with guarded():
            found: dict[str, Any] | None = patiently(lambda: caches[settings.SESSION_CACHE_ALIAS].get(key))
        if found is None:
            self._session_key = None
            return {}
        return found

    def save(self, must_create: bool = False) -> None:
        """Keeps it. Raises `StoreUnavailable`. One round trip."""
        with guarded():
            super().save(must_create)

    def delete(self, session_key: str | None = None) -> None:
        """Ends it. Raises `StoreUnavailable`. One round trip."""
        with guarded():
            super().delete(session_key)

    async def aload(self) -> dict[str, Any]:
        """`load` in a thread."""
        return await sync_to_async(self.load)()
