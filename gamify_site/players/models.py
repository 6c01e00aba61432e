# ruff: noqa: ARG002 - the signatures are Django's
"""The account behind `AUTH_USER_MODEL`: looks like a Django user to Django, lives in Redis.

Nothing here has a table; what is not overridden fails loudly, because there is no database to ask.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import DatabaseError, models
from django.utils.translation import gettext_lazy as _

from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.players import accounts
from gamify_site.store import versions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


TEMPORARY_FOR = timedelta(days=1)


class AccountManager(BaseUserManager["Account"]):
    """Finds and makes accounts. Each call costs one round trip."""

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account of that name, in whatever spelling. Raises `Account.DoesNotExist`, `StoreUnavailable`."""
        fields = accounts.find(username or "")
        if fields is None:
            raise Account.DoesNotExist
        return Account.from_fields(fields)

    async def aget_by_natural_key(self, username: str | None) -> Account:
        """`get_by_natural_key` in a thread."""
        return await sync_to_async(self.get_by_natural_key)(username)

    def create_user(self, username: str, password: str | None = None, *, is_staff: bool = False) -> Account:
        """Makes an account; its player id is its name. A password of None can never be used to log in.

        Raises `ValidationError` at `username` where the name is taken or no legal player id, `StoreUnavailable`.
        """
        account = Account(username=check_player_id(username, "username"), player_id=username, is_staff=is_staff)
        versions.insist_on_open_data()
        account.set_password(password)
        account.save()
        return account


class Account(AbstractBaseUser):
    """Who may log in, and which player that is."""

    username = models.CharField(_("username"), max_length=64, primary_key=True)
    player_id = models.CharField(max_length=64)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_public = models.BooleanField(default=False)  # made by the demo: anybody can use it
    password_is_temporary = models.BooleanField(default=False)
    password_expires = models.DateTimeField(null=True, blank=True, default=None)  # of a temporary one
    created = models.DateTimeField(default=clock.now)
    last_login = None  # a log-in writes nothing

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        managed = False
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.username

    @property
    def can_log_in(self) -> bool:
        """Whether the account is open: not with an expired password, nor one of the demo elsewhere."""
        return self.is_active and not self.password_has_expired and (settings.GAMIFY_DEMO or not self.is_public)

    @property
    def password_has_expired(self) -> bool:
        """Whether the password was a temporary one whose time is over."""
        return self.password_is_temporary and (self.password_expires is None or self.password_expires <= clock.now())

    def set_temporary_password(self, raw_password: str) -> None:
        """Set a password that lets its owner in for a day, to choose another one."""
        self.set_password(raw_password)
        self.password_is_temporary, self.password_expires = True, clock.now() + TEMPORARY_FOR
        self.is_public = False

    # To and from Redis

    @classmethod
    def from_fields(cls, fields: accounts.Fields) -> Account:
        """The account that is stored so."""
        account = cls(
            username=fields["username"],
            password=fields["password"],
            player_id=fields["player_id"],
            is_staff=fields["is_staff"] == "1",
            is_active=fields["is_active"] == "1",
            is_public=fields.get("is_public") == "1",
            password_is_temporary=fields["password_is_temporary"] == "1",  # noqa: S105
            password_expires=datetime.fromisoformat(expires) if (expires := fields.get("password_expires")) else None,
            created=datetime.fromisoformat(fields["created"]),
        )
        account._state.adding = False
        account._stored = fields
        return account

    def to_fields(self) -> accounts.Fields:
        """All fields as they are stored."""
        return {
            "username": self.username,
            "password": self.password,
            "player_id": self.player_id,
            "is_staff": "1" if self.is_staff else "0",
            "is_active": "1" if self.is_active else "0",
            "is_public": "1" if self.is_public else "0",
            "password_is_temporary": "1" if self.password_is_temporary else "0",
            "password_expires": self.password_expires.isoformat() if self.password_expires else "",
            "created": self.created.isoformat(),
        }

    _stored: accounts.Fields = {}  # as it was read, so that a save writes what was changed and nothing else

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Claims the name of a new account, or writes the changed fields of an old one. One round trip.

        Raises `ValidationError` at `username` where the name is taken, `DatabaseError` where the account is gone.
        """
        fields = self.to_fields()
        if self._state.adding:
            if not accounts.claim(self.username, fields):
                raise _taken()
            self._state.adding = False
        else:
            wanted = fields.keys() if update_fields is None else set(update_fields)
            changed = {name: fields[name] for name in wanted if fields[name] != self._stored.get(name)}
            if changed and not accounts.change(self.username, changed):
                raise DatabaseError("The account is gone.")
            fields = {**self._stored, **changed}
        self._stored = fields
        self._password = None

    async def asave(self, *args: Any, **kwargs: Any) -> None:
        """`save` in a thread."""
        await sync_to_async(self.save)(*args, **kwargs)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Reads all fields anew. Raises `Account.DoesNotExist`, `StoreUnavailable`. One round trip."""
        found = Account.objects.get_by_natural_key(self.username)
        self.__dict__.update(found.__dict__)

    async def arefresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """`refresh_from_db` in a thread."""
        await sync_to_async(self.refresh_from_db)()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Removes the account, unless it is staff; its sessions end with it, its player stays. One round trip."""
        removed = int(accounts.remove(self.username))
        return removed, {self._meta.label: removed}

    async def adelete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """`delete` in a thread."""
        return await sync_to_async(self.delete)()

    def validate_unique(self, exclude: Collection[str] | None = None) -> None:
        """Raises `ValidationError` at `username` where a new account's name is taken. One round trip."""
        if self._state.adding and accounts.find(self.username):
            raise _taken()

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """There are none but the name's."""

    # What staff may do: everything

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Staff may do everything, others nothing."""
        return self.is_active and self.is_staff

    def has_perms(self, perm_list: Iterable[str], obj: models.Model | None = None) -> bool:
        """Staff may do everything, others nothing."""
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Staff may do everything, others nothing."""
        return self.is_active and self.is_staff


def _taken() -> ValidationError:
    return ValidationError({"username": ValidationError(_("This name is taken."), code="taken")})
