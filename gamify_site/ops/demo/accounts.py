"""The demo's log-ins, with passwords that everybody may know."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.hashers import get_hasher, make_password

from gamify_site.players import accounts
from gamify_site.players.models import Account

# Fixed, so that a reset gives the same hashes; their passwords are public anyway. As long as Django wants it: a shorter
# one would be replaced at the first log-in, and a new hash ends all sessions of the account.
SALT = "sample-data-only-for-everybody"


@dataclass(frozen=True, slots=True)
class Sample:
    """One log-in of the demo."""

    username: str
    password: str
    purpose: str
    is_staff: bool = False


ALICE = Sample("alice", "alice-plays", "a player")
ADMIN = Sample("admin", "admin-manages", "staff: boards, scores, demo tools", is_staff=True)
SAMPLES = (ALICE, ADMIN)


def open_for(player: str) -> Account:
    """The account of a player; one that no password opens where there is none. Two round trips."""
    try:
        return Account.objects.get_by_natural_key(player)
    except Account.DoesNotExist:
        account = Account(username=player, player_id=player, password=make_password(None), is_public=True)
        accounts.claim(player, account.to_fields())
        return Account.objects.get_by_natural_key(player)


def write() -> None:
    """Writes the log-ins, over whatever had their names. Two round trips and one password hash each."""
    for sample in SAMPLES:
        account = Account(
            username=sample.username,
            player_id=sample.username,
            password=get_hasher().encode(sample.password, SALT),
            is_staff=sample.is_staff,
            is_public=True,
            created=datetime(2026, 1, 1, tzinfo=UTC),
        )
        fields = account.to_fields()
        if not accounts.claim(sample.username, fields):
            accounts.change(sample.username, fields)


def public_samples() -> list[str]:
    """Return those of the log-ins whose password everybody knows still. One round trip each."""
    found = ((sample.username, accounts.find(sample.username)) for sample in SAMPLES)
    return [username for username, fields in found if fields and fields.get("is_public") == "1"]
