"""Slows down whoever tries passwords or asks for what takes long, before the expensive work is done.

An attempt is counted when it begins and forgiven when it succeeds, so that many at once cannot slip through. The counts
live in Redis with a life time, apart from the program's clock: setting that clock forward opens nothing.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import ngettext

from gamify_site.identifiers import PLAYER_ID
from gamify_site.store import keys, scripts

WINDOW = 15 * 60  # seconds
LONGEST_PAUSE = 24 * 60 * 60  # seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """How many attempts of one kind there may be in 15 minutes; after that a pause of 15 minutes.

    With `grows` each further attempt doubles the pause, up to a day, until one succeeds.
    """

    what: str
    attempts: int
    grows: bool = False


class TooManyAttempts(ValidationError):
    """Come back in `seconds`; a form shows it in minutes."""

    def __init__(self, seconds: int) -> None:
        minutes = ceil(seconds / 60)
        message = ngettext(
            "Too many attempts. Please wait %(minutes)d minute and try again.",
            "Too many attempts. Please wait %(minutes)d minutes and try again.",
            minutes,
        )
        super().__init__(message, code="too_many_attempts", params={"minutes": minutes})
        self.seconds = seconds


def log_in(username: str, address: str) -> list[Limit]:
    """The limits of a log-in: one account from one address, all from one address, one account from anywhere."""
    account = username.lower() if PLAYER_ID.fullmatch(username) else "?"
    return [
        Limit(f"log-in {address} {account}", 5, grows=True),
        Limit(f"log-in {address}", 50),
        Limit(f"log-in account {account}", 100),
    ]


def sign_up(address: str) -> list[Limit]:
    """The limit of sign-ups from one address; the ones that succeed count too."""
    return [Limit(f"sign-up {address}", 20)]


def change_password(username: str) -> list[Limit]:
    """The limit on trying old passwords with a session that is somebody else's."""
    return [Limit(f"change password {username.lower()}", 10)]


def save_profile(player: str) -> list[Limit]:
    """The limit of players on changing their own profile."""
    return [Limit(f"profile {player.lower()}", 30)]


def draw_picture(address: str) -> list[Limit]:
    """The limit of pictures that are drawn for one address; those that are kept do not count."""
    return [Limit(f"picture {address}", 60)]


def count(limits: list[Limit]) -> None:
    """Counts an attempt. Raises `TooManyAttempts`, `StoreUnavailable`. One round trip."""
    seconds = _run("players/count_attempt", limits)
    if seconds:
        raise TooManyAttempts(seconds)


def forgive(limits: list[Limit]) -> None:
    """Takes an attempt back because it succeeded. Raises `StoreUnavailable`. One round trip."""
    _run("players/forgive_attempt", limits)


def _run(script: str, limits: list[Limit]) -> int:
    arguments: list[str | int] = [WINDOW, LONGEST_PAUSE]
    for limit in limits:
        arguments += [limit.what, limit.attempts, "growing" if limit.grows else "steady"]
    seconds: int = scripts.run(script, [(keys.site(), arguments)])[0]
    return seconds


def address_of(request: HttpRequest | None) -> str:
    """Where a request comes from."""
    return network_of(request.META.get("REMOTE_ADDR", "") if request else "")


def network_of(text: str) -> str:
    """An address as one customer has it: an IPv6 address counts as its /64 network."""
    try:
        address = ip_address(text)
    except ValueError:  # a unix socket has none
        return text
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return text
