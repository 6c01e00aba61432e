"""What a Redis or Valkey server says of itself, typed: made of its answers to INFO, CONFIG GET and SLOWLOG GET.

A server need not tell everything, and managed ones do not: what it kept to itself is None, or an empty text.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.sessions.backends.cache import KEY_PREFIX as SESSION_PREFIX

from gamify_site import clock
from gamify_site.store import scripts

SLOW_ENTRIES = 10  # that are asked for, the latest
LONGEST_COMMAND = 120  # characters
SCRIPT = re.compile(r"(?<=^EVALSHA )[0-9a-f]{40}|(?<=^EVALSHA_RO )[0-9a-f]{40}")
SESSION_KEY = re.compile(rf"(?<={re.escape(SESSION_PREFIX)})\w+")

Info = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Server:
    """Which program it is, since when it runs, whether it is a `master` or a `slave`, and whether it holds all data or,
    in a cluster, a part of it."""

    name: str = ""
    version: str = ""
    started: datetime | None = None
    role: str = ""
    is_in_cluster: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes; `maximum` is 0 where there is none. `fragmentation`: what the system gave for each byte in use."""

    used: int | None = None
    peak: int | None = None
    maximum: int | None = None
    fragmentation: float | None = None
    policy: str = ""

    @property
    def share(self) -> float | None:
        """How full it is, in percent; None where there is no maximum."""
        return 100 * self.used / self.maximum if self.used is not None and self.maximum else None


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was asked since the start; `operations` is per second, just now."""

    hits: int | None = None
    misses: int | None = None
    clients: int | None = None
    blocked: int | None = None
    evicted: int | None = None
    expired: int | None = None
    operations: int | None = None

    @property
    def hit_rate(self) -> float | None:
        """How many lookups found something, in percent; None where there was none."""
        if self.hits is None or self.misses is None or not self.hits + self.misses:
            return None
        return 100 * self.hits / (self.hits + self.misses)


@dataclass(frozen=True, slots=True)
class Persistence:
    """What is written to disk. `save_points` as in the setting `save`, empty for none; a status is `ok` or `err`."""

    is_appending: bool | None = None
    save_points: str | None = None
    saved: datetime | None = None
    unsaved: int | None = None
    snapshot_status: str = ""
    append_status: str = ""
    rewrite_status: str = ""
    is_rewriting: bool = False

    @property
    def failed(self) -> list[str]:
        """The commands whose last run failed."""
        statuses = {"BGSAVE": self.snapshot_status, "AOF": self.append_status, "BGREWRITEAOF": self.rewrite_status}
        return [name for name, status in statuses.items() if status not in {"", "ok"}]


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy of this server: how far it is behind, in seconds and in bytes of the stream of changes."""

    address: str
    state: str
    lag: int | None
    behind: int | None


@dataclass(frozen=True, slots=True)
class Replication:
    """The copies of this server, or, where it is one itself, its link to the primary (`up`, `down`)."""

    role: str = ""
    replicas: tuple[Replica, ...] = ()
    link: str = ""
    lag: int | None = None


@dataclass(frozen=True, slots=True)
class SlowCommand:
    """An entry of the slow log."""

    at: datetime
    microseconds: int
    command: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All of it. `is_told` is False where the server does not answer INFO, `slow` is None where it hides its slow log.

    `slow_from`: from how many milliseconds on a command is noted there; less than 0 for never. `ahead`: by how many
    seconds its clock is ahead of this machine's; None where it does not tell its time. `missing_rights`: what
    the program may not do, as rules of ACL SETUSER; None where that could not be found out.
    """

    is_told: bool = False
    server: Server = field(default_factory=Server)
    memory: Memory = field(default_factory=Memory)
    traffic: Traffic = field(default_factory=Traffic)
    persistence: Persistence = field(default_factory=Persistence)
    replication: Replication = field(default_factory=Replication)
    slow: tuple[SlowCommand, ...] | None = None
    slow_from: float | None = None
    ahead: int | None = None
    missing_rights: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a server of a cluster says of the whole: whether it takes requests, how many of the slots somebody answers
    for, and how many each primary has, by `host:port`; None where it does not tell."""

    is_well: bool
    covered: int
    owned: Mapping[str, int] | None = None


def gather(info: Info | None, settings: Mapping[str, str], slow: Sequence[Info] | None, time: int | None) -> Facts:
    """The facts in a server's answers. `time` is that of its own clock, in seconds since 1970, if it tells it."""
    told, here = info or {}, int(clock.untravelled().timestamp())
    now = here if time is None else time
    threshold = settings.get("slowlog-log-slower-than", "")
    return Facts(
        is_told=info is not None,
        server=_server(told),
        memory=_memory(told, settings),
        traffic=_traffic(told),
        persistence=_persistence(told, settings, now),
        replication=_replication(told),
        slow=None if slow is None else tuple(_slow_command(entry, now) for entry in slow),
        slow_from=int(threshold) / 1000 if threshold.lstrip("-").isdecimal() else None,
        ahead=None if time is None else time - here,
    )


def gather_cluster(info: Info | None, slots: Sequence[Any] | None) -> Cluster | None:
    """The same in the answers to CLUSTER INFO and CLUSTER SLOTS; None where the server is in no cluster."""
    if info is None or "cluster_state" not in info:
        return None
    owned: Counter[str] = Counter()
    for first, last, (host, port, *_more), *_replicas in slots or ():
        owned[f"{host.decode() if isinstance(host, bytes) else host}:{port}"] += last - first + 1
    return Cluster(
        is_well=info["cluster_state"] == "ok",
        covered=int(info.get("cluster_slots_ok", 0)),
        owned=None if slots is None else dict(owned),
    )


def _server(info: Info) -> Server:
    uptime = _number(info, "uptime_in_seconds")
    is_valkey = "valkey_version" in info
    return Server(
        name="Valkey" if is_valkey else "Redis" if info else "",
        version=str(info.get("valkey_version" if is_valkey else "redis_version", "")),
        started=None if uptime is None else clock.now() - timedelta(seconds=uptime),
        role=str(info.get("role", "")),
        is_in_cluster=bool(_number(info, "cluster_enabled")),
    )


def _memory(info: Info, settings: Mapping[str, str]) -> Memory:
    fragmentation = info.get("mem_fragmentation_ratio")
    return Memory(
        used=_number(info, "used_memory"),
        peak=_number(info, "used_memory_peak"),
        maximum=_number(info, "maxmemory"),
        fragmentation=fragmentation if isinstance(fragmentation, int | float) else None,
        policy=str(info.get("maxmemory_policy") or settings.get("maxmemory-policy", "")),
    )


def _traffic(info: Info) -> Traffic:
    return Traffic(
        hits=_number(info, "keyspace_hits"),
        misses=_number(info, "keyspace_misses"),
        clients=_number(info, "connected_clients"),
        blocked=_number(info, "blocked_clients"),
        evicted=_number(info, "evicted_keys"),
        expired=_number(info, "expired_keys"),
        operations=_number(info, "instantaneous_ops_per_sec"),
    )


def _persistence(info: Info, settings: Mapping[str, str], now: int) -> Persistence:
    saved = _number(info, "rdb_last_save_time")
    has_saved = _number(info, "rdb_saves") != 0  # else the time is that of the start
    appending = info.get("aof_enabled", {"yes": 1, "no": 0}.get(settings.get("appendonly", "")))
    return Persistence(
        is_appending=None if appending is None else bool(appending),
        save_points=settings.get("save"),
        saved=_moment(saved, now) if saved and has_saved else None,
        unsaved=_number(info, "rdb_changes_since_last_save"),
        snapshot_status=str(info.get("rdb_last_bgsave_status", "")),
        append_status=str(info.get("aof_last_write_status", "")),
        rewrite_status=str(info.get("aof_last_bgrewrite_status", "")),
        is_rewriting=bool(info.get("aof_rewrite_in_progress")),
    )


def _replication(info: Info) -> Replication:
    count = _number(info, "connected_slaves") or 0
    found = [info[f"slave{index}"] for index in range(count) if isinstance(info.get(f"slave{index}"), Mapping)]
    offset = _number(info, "master_repl_offset")
    return Replication(
        role=str(info.get("role", "")),
        replicas=tuple(_replica(replica, offset) for replica in found),
        link=str(info.get("master_link_status", "")),
        lag=_number(info, "master_last_io_seconds_ago"),
    )


def _replica(told: Info, offset: int | None) -> Replica:
    reached = _number(told, "offset")
    return Replica(
        address=f"{told.get('ip', '')}:{told.get('port', '')}",
        state=str(told.get("state", "")),
        lag=_number(told, "lag"),
        behind=None if offset is None or reached is None else max(0, offset - reached),
    )


def _slow_command(entry: Info, now: int) -> SlowCommand:
    """One of the program's own scripts is called by its name. The server itself hides passwords in its slow log;
    whoever reads a session's key could be its owner."""
    command = entry["command"]
    text = command.decode(errors="replace") if isinstance(command, bytes) else str(command)
    text = SCRIPT.sub(lambda found: _script_names().get(found[0], found[0]), text)
    text = SESSION_KEY.sub("…", "".join(it if it.isprintable() else "·" for it in text))
    return SlowCommand(
        at=_moment(entry["start_time"], now),
        microseconds=entry["duration"],
        command=text if len(text) <= LONGEST_COMMAND else f"{text[: LONGEST_COMMAND - 1]}…",
    )


@cache
def _script_names() -> dict[str, str]:
    """The names of the program's scripts, by the SHA-1 that Redis knows them by."""
    return {scripts.sha(name, is_checked=is_checked): name for name in scripts.names() for is_checked in (True, False)}


def _moment(stamp: int, now: int) -> datetime:
    """A time by the server's clock as one by the program's, which may be another."""
    return clock.now() - timedelta(seconds=now - stamp)


def _number(info: Info, name: str) -> int | None:
    value = info.get(name)
    return int(value) if isinstance(value, int | float) else None
