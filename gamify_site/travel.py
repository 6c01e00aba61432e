"""The demo's clock travel: how far ahead of the real time the clock of the whole program is.

The data store holds it. Every process follows it before each piece of work: a request, a step of the live process, a
command. Outside the demo nobody travels, and nobody asks.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from gamify_site import audit, clock
from gamify_site.store import keys, scripts, shards
from gamify_site.store.connection import ask

FARTHEST = timedelta(days=3650)
PROBES = {"/healthz", "/readyz", "/metrics"}  # answered without the data store, too


def follow() -> timedelta:
    """Sets this process's clock to that of the whole program; gives how far ahead it is. One round trip in the demo."""
    ahead = _read() if settings.GAMIFY_DEMO else clock.NOT_AHEAD
    clock.set_ahead(ahead)
    return ahead


def go(days: int, *, by: str) -> timedelta:
    """Moves the clock ahead for the whole program; gives how far ahead it is then. Audited.

    Raises `ValidationError` at `days` for less than one or farther than ten years. Three round trips.
    """
    ahead = _read() + timedelta(days=days)
    if days < 1 or ahead > FARTHEST:
        raise ValidationError({"days": _("The clock goes 1 day at least and 10 years at most ahead.")})
    _write(ahead, by)
    return ahead


def back(*, by: str) -> None:
    """Sets the clock of the whole program to the real time again. Audited. Three round trips."""
    _write(clock.NOT_AHEAD, by)


def _read() -> timedelta:
    (seconds,) = ask([("get", keys.clock_ahead())])
    return timedelta(seconds=int(seconds or 0))


def _write(ahead: timedelta, by: str) -> None:
    before = _read()
    ask([("set", keys.clock_ahead(), int(ahead.total_seconds()))])
    scripts.run("store/tell_boards", [(keys.shard(shard), []) for shard in shards.everyone()], repeatable=True)
    clock.set_ahead(ahead)
    told = audit.changed({"days ahead": before.days}, {"days ahead": ahead.days})
    audit.record(audit.Entry("clock_moved", "clock", by, "", *told))


class TravelMiddleware:
    """Set the clock to that of the whole program for each request, except those that ask how this process is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in PROBES:
            follow()
        return self.get_response(request)
