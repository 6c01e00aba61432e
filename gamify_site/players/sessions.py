"""Sessions in Django's cache, except that a silent data store is an error and not an empty session.

Django's own engine takes it for an empty one: whenever Redis hiccups everybody would be logged out and lose the cookie.
"""

from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends import cache
from django.core.cache import caches

from gamify_site.store.connection import guarded, patiently


class SessionStore(cache.SessionStore):
    """One session; Django finds this class by its name in the module that SESSION_ENGINE names."""

    def load(self) -> dict[str, Any]:
        """Return the session's values; none if it has ended or cannot be decoded. One round trip.

        Raises `StoreUnavailable`.
        """
        key = self.cache_key
        found: Any = None
        with guarded(), suppress(ValueError, RecursionError):  # of JSON
            found = patiently(lambda: caches[settings.SESSION_CACHE_ALIAS].get(key))
        if not isinstance(found, dict):
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
