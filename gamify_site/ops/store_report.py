"""The state of the data store: what the server says, what of it needs attention, what its memory is used for."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from django.utils.translation import gettext as _

from gamify_site.ops import store_checks, store_facts
from gamify_site.ops.store_checks import Check
from gamify_site.ops.store_facts import Cluster, Facts
from gamify_site.store import scan, scripts, versions
from gamify_site.store.connection import ask_what_is_allowed, servers
from gamify_site.store.errors import StoreUnavailable

MOST_SAMPLED = 2000  # own keys
MOST_LOOKED_AT = 20_000  # keys of anybody
MEASURED = 100  # keys of each kind whose memory is asked for
SLOTS = 16_384  # of every cluster
SETTINGS = ("maxmemory-policy", "appendonly", "save", "slowlog-log-slower-than")


@dataclass(frozen=True, slots=True)
class Kind:
    """Keys that hold the same kind of thing. `share` is in percent of the project's keys.

    `keys` and `size` (bytes) are estimates, unless all keys were looked at; `size` is None where it cannot be asked.
    """

    name: str
    type: str
    keys: int
    share: float
    size: int | None


class UnknownServer(LookupError):
    """There is no server at that place."""


@dataclass(frozen=True, slots=True)
class ServerState:
    """How a server is, in short: `state` is `away` where it does not answer, else the worst of its checks.

    `keys`, `memory` (bytes) and `replicas` are as it says, `slots` is what a cluster says it has; each may be untold.
    """

    address: str
    state: Literal["ok", "warn", "bad", "away"]
    keys: int | None = None
    memory: int | None = None
    slots: int | None = None
    replicas: int | None = None

    @property
    def word(self) -> str:
        """The state in a word."""
        return _("Away") if self.state == "away" else str(store_checks.WORDS[self.state])

    @property
    def tone(self) -> str:
        """The colour of that word."""
        return {"ok": "good", "warn": "warn"}.get(self.state, "bad")


@dataclass(frozen=True, slots=True)
class ClusterState:
    """All primaries of a cluster, and how many of the slots are with servers that answer.

    `is_well` is False where the cluster itself says that it takes no requests, or one of them is away.
    """

    servers: tuple[ServerState, ...]
    is_well: bool
    covered: int
    slots: int = SLOTS

    @property
    def away(self) -> list[ServerState]:
        """Those that do not answer."""
        return [server for server in self.servers if server.state == "away"]

    @property
    def answering(self) -> int:
        """How many answer."""
        return len(self.servers) - len(self.away)

    @property
    def memory(self) -> int:
        """What those that answer use together, in bytes."""
        return sum(server.memory or 0 for server in self.servers)

    @property
    def keys(self) -> int:
        """How many keys those that answer have together, those of others too."""
        return sum(server.keys or 0 for server in self.servers)


@dataclass(frozen=True, slots=True)
class Report:
    """The facts, the checks made of them, and the kinds of keys, greatest first. `keys` is the server's number of keys,
    those of others too; `is_whole` says that the kinds are of all of them and not of a sample. `cluster` is None where
    one server has all data, `place` is that of this server among all; one that is away tells nothing else. `sampled` is
    None where the keys could not be looked at."""

    place: int
    address: str
    cluster: ClusterState | None = None
    is_away: bool = False
    facts: Facts = field(default_factory=Facts)
    checks: tuple[Check, ...] = ()
    kinds: tuple[Kind, ...] = ()
    keys: int | None = None
    sampled: int | None = None
    is_whole: bool = True

    @property
    def bad(self) -> list[Check]:
        """The checks that endanger data."""
        return [check for check in self.checks if check.state == "bad"]


class Told(NamedTuple):
    """What a server said: the facts, its number of keys, and what it knows of its cluster."""

    facts: Facts
    keys: int | None
    cluster: Cluster | None


def read(place: int | None = None) -> Report:
    """The state of the server at that place right now, as far as it tells; without one, of the first that answers.

    Raises `UnknownServer`, and `StoreUnavailable` where none answers. A round trip to each server of a cluster; then
    three and one more for each 500 keys that the sample looks at, at most 40; O(2000) for the server.
    """
    everyone = servers()
    if place is not None and not 0 <= place < len(everyone):
        raise UnknownServer(place)
    told = [_ask_if_there(server) for server in everyone]
    answering = [index for index, it in enumerate(told) if it is not None]
    if not answering:
        raise StoreUnavailable
    place = answering[0] if place is None else place
    addresses = [_address(server) for server in everyone]
    away = Report(place=place, address=addresses[place], cluster=_cluster(addresses, told), is_away=True)
    return _look_closely(away, everyone[place], told[place])


def _look_closely(report: Report, server: Any, told: Told | None) -> Report:
    """The report with what the server tells of itself; as it is where the server is away."""
    if told is None:
        return report
    facts, keys = replace(told.facts, missing_rights=_missing_rights()), told.keys
    report = replace(report, is_away=False, facts=facts, checks=store_checks.check(facts), keys=keys)
    with suppress(StoreUnavailable):  # a cluster that takes no requests still tells how it is
        sample = scan.sample(server, MOST_SAMPLED, MOST_LOOKED_AT)
        is_exact = sample.is_whole or keys is None or not sample.looked_at
        factor = 1.0 if is_exact else max(1.0, (keys or 0) / sample.looked_at)
        kinds = _kinds(sample.names, factor, server)
        return replace(report, kinds=kinds, sampled=len(sample.names), is_whole=sample.is_whole)
    return report


def _missing_rights() -> tuple[str, ...] | None:
    with suppress(StoreUnavailable):
        return tuple(scripts.missing_rights(list(versions.by_prefix())))
    return None


def _cluster(addresses: Sequence[str], told: Sequence[Told | None]) -> ClusterState | None:
    """What those that answer say of the cluster, if they are one."""
    views = [it.cluster for it in told if it is not None and it.cluster is not None]
    if not views:
        return None
    owned = next((view.owned for view in views if view.owned is not None), {})
    states = tuple(_state(address, it, owned.get(address)) for address, it in zip(addresses, told, strict=True))
    lost = sum(state.slots or 0 for state in states if state.state == "away")
    return ClusterState(
        servers=states,
        is_well=all(view.is_well for view in views) and None not in told,
        covered=min(SLOTS - lost, *(view.covered for view in views)),
    )


def _state(address: str, told: Told | None, slots: int | None) -> ServerState:
    if told is None:
        return ServerState(address, "away", slots=slots)
    found = {check.state for check in store_checks.check(told.facts)}
    return ServerState(
        address=address,
        state="bad" if "bad" in found else "warn" if "warn" in found else "ok",
        keys=told.keys,
        memory=told.facts.memory.used,
        slots=slots,
        replicas=len(told.facts.replication.replicas) if told.facts.is_told else None,
    )


def _address(server: Any) -> str:
    """Where a server is; empty where it is not reached through the network."""
    options = server.connection_pool.connection_kwargs
    return f"{options['host']}:{options.get('port', '')}" if "host" in options else ""


def kind_of(name: str) -> str:
    """What a key holds, by its name: `player`, `player…progress`, `board`; `{gamify}:board` for one of the site's."""
    prefix, is_ours, rest = name.partition("}:")
    if not is_ours:
        return prefix.partition(":")[0]  # sessions, and whatever else Django's cache keeps
    first, *others = rest.split(":")
    kind = f"{first}…{others[1]}" if first == "player" and len(others) > 1 else first
    return kind if ":" in prefix else f"{prefix}}}:{kind}"


def _ask_if_there(server: Any) -> Told | None:
    """What a server says; None where it does not answer. One round trip."""
    try:
        return _ask(server)
    except StoreUnavailable:
        return None


def _ask(server: Any) -> Told:
    info, slow, keys, time, cluster, slots, *settings = ask_what_is_allowed(
        [
            ("info",),
            ("slowlog_get", store_facts.SLOW_ENTRIES),
            ("dbsize",),
            ("time",),
            ("cluster", "info"),
            ("cluster", "slots"),
            *(("config_get", it) for it in SETTINGS),
        ],
        server,
    )
    known = {name: str(value) for told in settings if told for name, value in told.items()}
    return Told(
        facts=store_facts.gather(info, known, slow, time[0] if time else None),
        keys=keys,
        cluster=store_facts.gather_cluster(cluster, slots),
    )


def _kinds(names: Sequence[str], factor: float, server: Any) -> tuple[Kind, ...]:
    """The kinds of some keys of a server, each of which stands for `factor` keys. Two round trips at most."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[kind_of(name)].append(name)
    measured = [name for group in groups.values() for name in group[:MEASURED]]
    types = dict(zip(measured, ask_what_is_allowed([("type", name) for name in measured], server), strict=True))
    sizes = dict(zip(measured, ask_what_is_allowed([("memory_usage", name) for name in measured], server), strict=True))
    kinds = []
    for kind, group in groups.items():
        known = [size for name in group[:MEASURED] if (size := sizes[name]) is not None]
        count = round(factor * len(group))
        kinds.append(
            Kind(
                name=kind,
                type=(types[group[0]] or b"").decode(),
                keys=count,
                share=100 * len(group) / len(names),
                size=round(sum(known) / len(known) * count) if known else None,
            )
        )
    return tuple(sorted(kinds, key=lambda kind: (-(kind.size or 0), -kind.keys, kind.name)))
