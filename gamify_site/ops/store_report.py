"""The state of the data store: what the server says, what of it needs attention, what its memory is used for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gamify_site import clock
from gamify_site.ops import store_checks, store_facts
from gamify_site.ops.store_checks import Check
from gamify_site.ops.store_facts import Facts
from gamify_site.store import scan
from gamify_site.store.connection import ask_what_is_allowed, servers

MOST_SAMPLED = 2000  # own keys
MOST_LOOKED_AT = 20_000  # keys of anybody
MEASURED = 100  # keys of each kind whose memory is asked for
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


@dataclass(frozen=True, slots=True)
class ServerState:
    """Where a server is, and whether something there endangers data."""

    address: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The facts, the checks made of them, and the kinds of keys, greatest first. `keys` is the server's number of keys,
    those of others too; `is_whole` says that the kinds are of all of them and not of a sample. `servers` are all
    primaries of a cluster, `place` is that of this one."""

    facts: Facts
    checks: tuple[Check, ...]
    kinds: tuple[Kind, ...]
    keys: int | None
    sampled: int
    is_whole: bool
    place: int
    servers: tuple[ServerState, ...]

    @property
    def bad(self) -> list[Check]:
        """The checks that endanger data."""
        return [check for check in self.checks if check.state == "bad"]


def read(place: int = 0) -> Report:
    """The state of a server right now, of the first where there is none at that place, as far as it tells.

    Raises `StoreUnavailable`. A round trip to each server of a cluster; then two and one more for each 500 keys that
    the sample looks at, at most 40; O(2000) for the server.
    """
    everyone = servers()
    place = place if 0 <= place < len(everyone) else 0
    told = [_ask_server(server) for server in everyone]
    facts, keys = told[place]
    sample = scan.sample(everyone[place], MOST_SAMPLED, MOST_LOOKED_AT)
    factor = 1.0 if sample.is_whole or keys is None or not sample.looked_at else max(1.0, keys / sample.looked_at)
    return Report(
        facts=facts,
        checks=store_checks.check(facts),
        kinds=_kinds(sample.names, factor),
        keys=keys,
        sampled=len(sample.names),
        is_whole=sample.is_whole,
        place=place,
        servers=tuple(
            ServerState(_address(server), any(it.state == "bad" for it in store_checks.check(facts)))
            for server, (facts, _keys) in zip(everyone, told, strict=True)
        ),
    )


def _address(server: Any) -> str:
    """Where a node of a cluster is."""
    options = server.connection_pool.connection_kwargs
    return f"{options.get('host', '')}:{options.get('port', '')}"


def kind_of(name: str) -> str:
    """What a key holds, by its name: `player`, `player…progress`, `board`; `{gamify}:board` for one of the site's."""
    prefix, is_ours, rest = name.partition("}:")
    if not is_ours:
        return prefix.partition(":")[0]  # sessions, and whatever else Django's cache keeps
    first, *others = rest.split(":")
    kind = f"{first}…{others[1]}" if first == "player" and len(others) > 1 else first
    return kind if ":" in prefix else f"{prefix}}}:{kind}"


def _ask_server(server: Any) -> tuple[Facts, int | None]:
    """The facts and the number of keys. One round trip."""
    info, slow, keys, time, *settings = ask_what_is_allowed(
        [
            ("info",),
            ("slowlog_get", store_facts.SLOW_ENTRIES),
            ("dbsize",),
            ("time",),
            *(("config_get", it) for it in SETTINGS),
        ],
        server,
    )
    known = {name: str(value) for told in settings if told for name, value in told.items()}
    now = time[0] if time else int(clock.now().timestamp())
    return store_facts.gather(info, known, slow, now), keys


def _kinds(names: Sequence[str], factor: float) -> tuple[Kind, ...]:
    """The kinds of some keys, each of which stands for `factor` keys. Two round trips at most."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[kind_of(name)].append(name)
    measured = [name for group in groups.values() for name in group[:MEASURED]]
    types = dict(zip(measured, ask_what_is_allowed([("type", name) for name in measured]), strict=True))
    sizes = dict(zip(measured, ask_what_is_allowed([("memory_usage", name) for name in measured]), strict=True))
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
