"""Whether the data store is set up and doing as it should, in plain words: from facts to checks, nobody is asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from gamify_site import clock
from gamify_site.ops import clocks
from gamify_site.ops.store_facts import SLOW_ENTRIES, Facts
from leaderboards.wording import number

State = Literal["ok", "note", "warn", "bad", "unknown"]

WORDS: dict[State, Promise] = {
    "ok": gettext_lazy("Good"),
    "note": gettext_lazy("Note"),
    "warn": gettext_lazy("Warning"),
    "bad": gettext_lazy("Bad"),
    "unknown": gettext_lazy("Unknown"),
}
NEARLY_FULL, FULL = 80, 95  # percent of the maximum
GOOD_HIT_RATE = 80  # percent
LATE = 10  # seconds that a replica may be behind
SLOW = 5.0  # milliseconds
RECENT = timedelta(hours=1)
NEVER_EVICT = "CONFIG SET maxmemory-policy noeviction"
ALWAYS_APPEND = "CONFIG SET appendonly yes"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at: how it is now, what it means, and, unless it is good, what to do.

    `meaning` and `advice` are a sentence each; `command` is the setting or command to use.
    """

    name: str
    value: str
    state: State
    meaning: str
    advice: str = ""
    command: str = ""

    @property
    def word(self) -> str:
        """The state in a word."""
        return str(WORDS[self.state])

    @property
    def is_good(self) -> bool:
        """Whether nothing needs to be done."""
        return self.state == "ok"


def check(facts: Facts) -> tuple[Check, ...]:
    """All checks, what would lose data first."""
    return tuple(look(facts) for look in CHECKS)


def _persistence(facts: Facts) -> Check:
    name, disk = _("Persistence"), facts.persistence
    advice = _("Switch the append-only file on, and in the server's configuration file too.")
    if disk.is_appending:
        value = _("Append-only file and snapshots") if disk.save_points else _("Append-only file")
        return Check(name, value, "ok", _("Every change is written to disk and survives a restart."))
    if disk.is_appending is None or disk.save_points is None:
        meaning = _(
            "Without anything on disk all data is lost when the server restarts; it does not say what it writes."
        )
        return Check(name, _("not told"), "unknown", meaning, advice, ALWAYS_APPEND)
    if disk.save_points:
        meaning = _("When the server stops unexpectedly, all that came after the last snapshot is lost.")
        return Check(name, _("Snapshots only"), "warn", meaning, advice, ALWAYS_APPEND)
    meaning = _("Nothing is written to disk: all data is lost when the server restarts.")
    return Check(name, _("None"), "bad", meaning, advice, ALWAYS_APPEND)


def _last_write(facts: Facts) -> Check:
    name, disk = _("Last write to disk"), facts.persistence
    meaning = _("A server that cannot write to disk may refuse all changes, and loses them at a restart.")
    advice = _("Look at the server's log and at the space on its disk.")
    if disk.failed:
        value = _("failed: %(what)s") % {"what": ", ".join(disk.failed)}
        return Check(name, value, "bad", meaning, advice, "INFO persistence")
    if not facts.is_told or not (disk.is_appending or disk.save_points):
        return Check(name, _("n/a"), "unknown", meaning, advice, "INFO persistence")
    return Check(name, _("worked"), "ok", meaning)


def _rights(facts: Facts) -> Check:
    name, missing = _("Rights"), facts.missing_rights
    meaning = _("Changes for which this site's user on the server lacks a right are refused, each as a whole.")
    if missing is None:
        return Check(name, _("not told"), "unknown", meaning, _("Ask the server."), "ACL WHOAMI")
    if missing:
        value, advice = _("missing: %(what)s") % {"what": ", ".join(missing)}, _("Grant them to that user.")
        return Check(name, value, "warn", meaning, advice, f"ACL SETUSER <user> {' '.join(missing)}")
    return Check(name, _("complete"), "ok", meaning)


def _policy(facts: Facts) -> Check:
    name, policy = _("When memory is full"), facts.memory.policy
    advice = _("Let the server keep what it has, and in its configuration file too.")
    if not policy:
        meaning = _("A server that may drop keys drops data; this one does not say what it does.")
        return Check(name, _("not told"), "unknown", meaning, advice, NEVER_EVICT)
    if policy == "noeviction":
        return Check(name, policy, "ok", _("The server then refuses changes and keeps all data."))
    if policy.startswith("volatile-"):
        meaning = _("The server then drops what expires: ids of events, which may count twice, and sessions.")
        return Check(name, policy, "warn", meaning, advice, NEVER_EVICT)
    meaning = _("The server then drops any key: players lose achievements and scores.")
    return Check(name, policy, "bad", meaning, advice, NEVER_EVICT)


def _evictions(facts: Facts) -> Check:
    name, evicted = _("Evicted keys"), facts.traffic.evicted
    meaning = _("Each evicted key is data that the server has thrown away to make room.")
    advice = _("Forbid it and give the server more memory, then look for what is missing with check_integrity.")
    return _none_allowed(name, evicted, "bad", meaning, advice, NEVER_EVICT)


def _memory(facts: Facts) -> Check:
    name, memory = _("Memory"), facts.memory
    meaning = _("A server that has used up its memory takes no more changes.")
    if memory.used is None or memory.maximum is None:
        return Check(name, _("not told"), "unknown", meaning, _("Ask the server."), "INFO memory")
    if memory.share is None:
        value = _("%(used)s, no maximum set") % {"used": filesizeformat(memory.used)}
        return Check(name, value, "ok", _("The server may use all memory of its machine."))
    value = _("%(percent)s %% of %(maximum)s") % {
        "percent": _percent(memory.share),
        "maximum": filesizeformat(memory.maximum),
    }
    state: State = "bad" if memory.share >= FULL else "warn" if memory.share >= NEARLY_FULL else "ok"
    advice = _("Allow the server more memory, or keep past periods of boards for fewer days.")
    return Check(name, value, state, meaning, advice, f"CONFIG SET maxmemory {2 * memory.maximum}")


def _replication(facts: Facts) -> Check:
    name, replication = _("Replication"), facts.replication
    meaning = _("A replica that lags has not got the latest changes when it must take over.")
    advice = _("Look at the network between the two and at the replica's log.")
    if not replication.role:
        return Check(name, _("not told"), "unknown", meaning, _("Ask the server."), "INFO replication")
    if replication.role != "master":
        meaning = _("This server is a replica itself, and a replica takes no changes.")
        advice = _("Let the site's address lead to the primary.")
        return Check(name, _("not the primary"), "bad", meaning, advice, "GAMIFY_REDIS_URL")
    if not replication.replicas:
        return _without_replicas(name, facts)
    lag = max(replica.lag or 0 for replica in replication.replicas)
    is_well = lag < LATE and all(replica.state == "online" for replica in replication.replicas)
    count = len(replication.replicas)
    value = ngettext("%(count)s replica, %(lag)s s behind", "%(count)s replicas, up to %(lag)s s behind", count)
    value %= {"count": number(count), "lag": number(lag)}
    return Check(name, value, "ok" if is_well else "warn", meaning, advice, "INFO replication")


def _without_replicas(name: str, facts: Facts) -> Check:
    meaning = _("Should this machine break, the site is away until it is back.")
    if facts.server.is_in_cluster:
        meaning = _("Should this machine break, its part of the data is away until it is back.")
    advice = _("A replica on another machine can take over.")
    return Check(name, _("no replicas"), "note", meaning, advice, "REPLICAOF")


def _blocked(facts: Facts) -> Check:
    name, blocked = _("Blocked clients"), facts.traffic.blocked
    meaning = _("They wait in a command that blocks; this site uses none.")
    return _none_allowed(name, blocked, "warn", meaning, _("See who they are."), "CLIENT LIST")


def _hit_rate(facts: Facts) -> Check:
    name, rate = _("Hit rate"), facts.traffic.hit_rate
    meaning = _("Lookups that find nothing may ask for keys that are gone too soon.")
    advice = _("See whether keys are evicted, or expire before they are used.")
    if rate is None:
        return Check(name, _("n/a"), "unknown", meaning, advice, "INFO stats")
    value = _("%(percent)s %% of lookups") % {"percent": _percent(rate)}
    return Check(name, value, "ok" if rate > GOOD_HIT_RATE else "warn", meaning, advice, "INFO stats")


def _slow_commands(facts: Facts) -> Check:
    name = _("Slow commands")
    meaning = _("While the server works on a slow command everybody else waits.")
    advice = _("See below which they are.")
    if facts.slow is None:
        return Check(name, _("not told"), "unknown", meaning, _("Ask the server."), "SLOWLOG GET 10")
    if facts.slow_from is not None and facts.slow_from < 0:
        advice = _("Let the server note them.")
        return Check(name, _("not noted"), "unknown", meaning, advice, "CONFIG SET slowlog-log-slower-than 5000")
    took = [it.microseconds / 1000 for it in facts.slow if clock.now() - it.at <= RECENT]
    recent = [milliseconds for milliseconds in took if milliseconds > SLOW]
    if not recent:
        least = Decimal(str(max(SLOW, facts.slow_from or 0))).normalize()
        return Check(name, _("none over %(least)s ms in the last hour") % {"least": number(least)}, "ok", meaning)
    value = ngettext(
        "%(count)s in the last hour, %(most)s ms", "%(count)s in the last hour, up to %(most)s ms", len(recent)
    )
    more = "+" if len(recent) >= SLOW_ENTRIES else ""  # no more are asked for
    value %= {"count": f"{number(len(recent))}{more}", "most": number(round(max(recent)))}
    return Check(name, value, "warn", meaning, advice, "SLOWLOG GET 10")


def _clock(facts: Facts) -> Check:
    name, most = _("Clock"), clocks.MOST_APART
    meaning = _("By a wrong clock periods would end too early or too late; tick does not work where the two differ.")
    advice = _("Let this machine and that of the server take their time from NTP.")
    if facts.ahead is None:
        return Check(name, _("not told"), "unknown", meaning, advice, "TIME")
    apart = timedelta(seconds=abs(facts.ahead))
    value = ngettext("%(count)s second apart", "%(count)s seconds apart", abs(facts.ahead))
    state: State = "ok" if apart <= most else "bad"
    return Check(name, value % {"count": number(abs(facts.ahead))}, state, meaning, advice, "TIME")


def _none_allowed(name: str, count: int | None, state: State, meaning: str, advice: str, command: str) -> Check:
    if count is None:
        return Check(name, _("not told"), "unknown", meaning, _("Ask the server."), "INFO")
    return Check(name, number(count), state if count else "ok", meaning, advice, command)


def _percent(share: float) -> str:
    """Rounded down, so that what is not quite full or not quite all never looks so."""
    return number(int(share))


CHECKS: tuple[Callable[[Facts], Check], ...] = (
    _persistence,
    _last_write,
    _rights,
    _policy,
    _evictions,
    _memory,
    _replication,
    _blocked,
    _hit_rate,
    _slow_commands,
    _clock,
)
