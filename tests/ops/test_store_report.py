"""The state of the data store: what is good and what is not, from a server's answers and on a real server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gamify_site import clock as site_clock
from gamify_site.api import keys as api_keys
from gamify_site.ops import store_checks, store_facts, store_report
from gamify_site.ops.store_checks import Check
from gamify_site.ops.templatetags import figures
from gamify_site.store import connection, scan, scripts
from gamify_site.store import keys as stored
from gamify_site.store.errors import StoreUnavailable
from tests.builders import crowd, make_board, make_player
from tests.conftest import Clock, Store
from tests.contract.rights import without

NOW = 1_800_000_000  # by the server's clock
MB = 1024 * 1024
GOOD: dict[str, Any] = {
    "redis_version": "7.0.15",
    "uptime_in_seconds": 7200,
    "role": "master",
    "used_memory": 10 * MB,
    "used_memory_peak": 12 * MB,
    "maxmemory": 100 * MB,
    "maxmemory_policy": "noeviction",
    "mem_fragmentation_ratio": 1.25,
    "keyspace_hits": 900,
    "keyspace_misses": 100,
    "connected_clients": 5,
    "blocked_clients": 0,
    "evicted_keys": 0,
    "expired_keys": 3,
    "instantaneous_ops_per_sec": 40,
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
    "aof_last_bgrewrite_status": "ok",
    "aof_rewrite_in_progress": 0,
    "rdb_last_save_time": NOW - 60,
    "rdb_last_bgsave_status": "ok",
    "rdb_changes_since_last_save": 7,
    "rdb_saves": 2,
    "connected_slaves": 0,
    "master_repl_offset": 1000,
}
SETTINGS = {"save": "", "appendonly": "yes", "maxmemory-policy": "noeviction", "slowlog-log-slower-than": "1000"}


def slow(microseconds: int, ago: int = 60, command: bytes = b"EVALSHA abc") -> dict[str, Any]:
    return {"id": 1, "start_time": NOW - ago, "duration": microseconds, "command": command}


def gather(
    *left_out: str,
    settings: dict[str, str] | None = None,
    entries: list[dict[str, Any]] | None = None,
    ahead: int = 0,
    missing_rights: tuple[str, ...] = (),
    **info: Any,
) -> store_facts.Facts:
    """The facts of a server that does well, with some answers changed, or left out, and its clock ahead of ours."""
    told = {name: value for name, value in (GOOD | info).items() if name not in left_out}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_clock, "untravelled", lambda: datetime.fromtimestamp(NOW - ahead, UTC))
        facts = store_facts.gather(told, SETTINGS if settings is None else settings, entries or [], NOW)
    return replace(facts, missing_rights=missing_rights)


def look(name: str, *left_out: str, **changed: Any) -> Check:
    """One check, by its name."""
    return next(it for it in store_checks.check(gather(*left_out, **changed)) if it.name == name)


def state(name: str, *left_out: str, **changed: Any) -> str:
    return look(name, *left_out, **changed).state


# Checks


def test_server_that_does_well_passes_everything() -> None:
    checks = store_checks.check(gather())
    assert [it.name for it in checks if it.state not in {"ok", "note"}] == []
    assert len(checks) == 11


def test_every_check_that_is_not_passed_says_what_to_do() -> None:
    ill = gather(
        maxmemory_policy="allkeys-lru", used_memory=99 * MB, evicted_keys=1, blocked_clients=1, keyspace_misses=9000,
        aof_enabled=0, ahead=301, rdb_last_bgsave_status="err", connected_slaves=1, entries=[slow(9000)],
        slave0={"ip": "10.0.0.2", "port": 6379, "state": "online", "offset": 0, "lag": 11},
        missing_rights=("+pfadd",),
    )  # fmt: skip
    for facts in (ill, store_facts.gather(None, {}, None, None)):
        for check in store_checks.check(facts):
            assert check.state != "ok", check
            assert check.meaning.endswith(".") and check.advice.endswith(".") and check.command, check


def test_server_that_tells_nothing_is_unknown() -> None:
    facts = store_facts.gather(None, {}, None, None)
    assert not facts.is_told
    assert {it.state for it in store_checks.check(facts)} == {"unknown"}


def test_clock_may_be_five_minutes_from_that_of_this_machine(subtests: pytest.Subtests) -> None:
    for ahead, expected in ((1, "ok"), (-300, "ok"), (301, "bad"), (-86400, "bad")):
        with subtests.test(ahead=ahead):
            assert state("Clock", ahead=ahead) == expected
    assert look("Clock", ahead=-1).value == "1 second apart"
    assert look("Clock", ahead=400).value == "400 seconds apart"


def test_missing_rights_are_named_with_what_grants_them(real: Store) -> None:
    with without(real.redis, "-@hyperloglog", "resetchannels"):
        check = next(it for it in store_report.read().checks if it.name == "Rights")
    assert (check.state, check.value) == ("warn", "missing: &*, +pfadd")
    assert check.command == "ACL SETUSER <user> &* +pfadd"
    assert states(store_report.read())["Rights"] == "ok"


def test_memory_against_its_maximum(subtests: pytest.Subtests) -> None:
    for percent, expected in ((79, "ok"), (80, "warn"), (94, "warn"), (95, "bad"), (110, "bad")):
        with subtests.test(percent=percent):
            check = look("Memory", used_memory=percent * MB)
            assert check.state == expected
            assert check.value == f"{percent} % of 100.0\N{NO-BREAK SPACE}MB"
            assert check.command == f"CONFIG SET maxmemory {200 * MB}"


def test_no_maximum_of_memory_is_fine_and_told() -> None:
    check = look("Memory", maxmemory=0)
    assert (check.state, check.value) == ("ok", "10.0\N{NO-BREAK SPACE}MB, no maximum set")


def test_hit_rate(subtests: pytest.Subtests) -> None:
    for hits, expected in ((801, "ok"), (800, "warn"), (0, "warn")):
        with subtests.test(hits=hits):
            assert state("Hit rate", keyspace_hits=hits, keyspace_misses=1000 - hits) == expected


def test_hit_rate_without_lookups_is_none() -> None:
    check = look("Hit rate", keyspace_hits=0, keyspace_misses=0)
    assert (check.state, check.value) == ("unknown", "n/a")


def test_evictions_are_bad() -> None:
    check = look("Evicted keys", evicted_keys=1234)
    assert (check.state, check.value) == ("bad", "1,234")
    assert "maxmemory-policy noeviction" in check.command


def test_blocked_clients_are_a_warning() -> None:
    assert state("Blocked clients", blocked_clients=1) == "warn"


def test_policy_that_drops_data_is_told(subtests: pytest.Subtests) -> None:
    for policy, expected in (
        ("noeviction", "ok"),
        ("volatile-lru", "warn"),
        ("volatile-ttl", "warn"),
        ("allkeys-lru", "bad"),
        ("allkeys-random", "bad"),
    ):
        with subtests.test(policy=policy):
            check = look("When memory is full", maxmemory_policy=policy)
            assert (check.state, check.value) == (expected, policy)
            assert expected == "ok" or "maxmemory-policy noeviction" in check.command


def test_policy_is_taken_from_the_settings_where_info_does_not_name_it() -> None:
    settings = SETTINGS | {"maxmemory-policy": "allkeys-lfu"}
    assert state("When memory is full", "maxmemory_policy", settings=settings) == "bad"
    assert state("When memory is full", "maxmemory_policy", settings={}) == "unknown"


def test_persistence(subtests: pytest.Subtests) -> None:
    for appends, save, expected in (
        (1, "", "ok"),
        (1, "3600 1", "ok"),
        (1, None, "ok"),
        (0, "3600 1", "warn"),
        (0, "", "bad"),
        (0, None, "unknown"),
        (None, "", "unknown"),
    ):
        with subtests.test(appends=appends, save=save):
            left_out = ["aof_enabled"] if appends is None else []
            settings = {} if save is None else {"save": save}
            check = look("Persistence", *left_out, settings=settings, aof_enabled=appends)
            assert check.state == expected
            assert expected == "ok" or check.command == "CONFIG SET appendonly yes"


def test_no_persistence_is_said_loudly() -> None:
    assert "all data is lost when the server restarts" in look("Persistence", aof_enabled=0).meaning


def test_failed_write_to_disk_is_bad(subtests: pytest.Subtests) -> None:
    for status, command in (
        ("rdb_last_bgsave_status", "BGSAVE"),
        ("aof_last_write_status", "AOF"),
        ("aof_last_bgrewrite_status", "BGREWRITEAOF"),
    ):
        with subtests.test(status=status):
            check = look("Last write to disk", **{status: "err"})
            assert (check.state, check.value) == ("bad", f"failed: {command}")


def test_where_nothing_is_written_no_write_has_worked() -> None:
    assert state("Last write to disk", aof_enabled=0) == "unknown"


def replica(lag: int, connection: str = "online") -> dict[str, Any]:
    return {"ip": "10.0.0.2", "port": 6379, "state": connection, "offset": 400, "lag": lag}


def test_replica_that_lags_is_a_warning(subtests: pytest.Subtests) -> None:
    for lag, link, expected in (
        (0, "online", "ok"),
        (9, "online", "ok"),
        (10, "online", "warn"),
        (0, "wait_bgsave", "warn"),
    ):
        with subtests.test(lag=lag, link=link):
            check = look("Replication", connected_slaves=2, slave0=replica(0), slave1=replica(lag, link))
            assert check.state == expected
            assert check.value == f"2 replicas, up to {lag} s behind"


def test_connection_to_a_replica_is_bad() -> None:
    check = look("Replication", role="slave", master_link_status="up", master_last_io_seconds_ago=1)
    assert (check.state, check.command) == ("bad", "GAMIFY_REDIS_URL")


@pytest.mark.usefixtures("clock")
def test_slow_commands_of_the_last_hour(subtests: pytest.Subtests) -> None:
    for entries, expected, value in (
        ([], "ok", "none over 5 ms in the last hour"),
        ([slow(5000)], "ok", "none over 5 ms in the last hour"),
        ([slow(5001)], "warn", "1 in the last hour, 5 ms"),
        ([slow(90_000, ago=3601)], "ok", "none over 5 ms in the last hour"),
        ([slow(12_000), slow(7_000, ago=3600)], "warn", "2 in the last hour, up to 12 ms"),
        ([slow(12_000)] * 10, "warn", "10+ in the last hour, up to 12 ms"),
    ):
        with subtests.test(entries=entries):
            check = look("Slow commands", entries=entries)
            assert (check.state, check.value) == (expected, value)


def test_slow_log_that_notes_less_says_from_where_on() -> None:
    settings = SETTINGS | {"slowlog-log-slower-than": "10000"}
    assert look("Slow commands", settings=settings).value == "none over 10 ms in the last hour"


def test_slow_log_that_is_off_is_unknown() -> None:
    check = look("Slow commands", settings=SETTINGS | {"slowlog-log-slower-than": "-1"})
    assert (check.state, check.command) == ("unknown", "CONFIG SET slowlog-log-slower-than 5000")


# Facts


def test_facts_are_those_that_were_told(clock: Clock) -> None:
    facts = gather(connected_slaves=1, slave0=replica(3), entries=[slow(7000, ago=120)])
    assert facts.server == store_facts.Server("Redis", "7.0.15", clock.now() - timedelta(hours=2), "master")
    assert facts.memory.share == 10
    assert facts.traffic.hit_rate == 90
    assert facts.persistence.saved == clock.now() - timedelta(seconds=60)
    assert facts.replication.replicas == (store_facts.Replica("10.0.0.2:6379", "online", 3, 600),)
    assert facts.slow == (store_facts.SlowCommand(clock.now() - timedelta(seconds=120), 7000, "EVALSHA abc"),)


def test_start_of_a_server_is_not_taken_for_a_snapshot() -> None:
    assert gather(rdb_saves=0).persistence.saved is None


def test_valkey_is_called_so() -> None:
    server = gather(redis_version="7.2.4", valkey_version="9.1.2").server
    assert (server.name, server.version) == ("Valkey", "9.1.2")


def test_slow_commands_are_cut_and_show_no_session(subtests: pytest.Subtests) -> None:
    for command, shown in (
        (b"x" * 120, "x" * 120),
        (b"x" * 121, "x" * 119 + "…"),
        (f"EVALSHA {scripts.sha('leaderboards/submit_scores')} 1 x".encode(), "EVALSHA leaderboards/submit_scores 1 x"),
        (f"EVALSHA {'a' * 40} 1 x".encode(), f"EVALSHA {'a' * 40} 1 x"),
        (b"SET a\0b \xff", "SET a·b \ufffd"),
        (
            b"GET gamify-cache:1:django.contrib.sessions.cacheabc123",
            "GET gamify-cache:1:django.contrib.sessions.cache…",
        ),
    ):
        with subtests.test(command=command):
            (entry,) = gather(entries=[slow(7000, command=command)]).slow or ()
            assert entry.command == shown


def test_kinds_of_keys(subtests: pytest.Subtests) -> None:
    for name, kind in (
        ("{gamify:0}:player:alice", "player"),
        ("{gamify:3}:player:alice:progress", "player…progress"),
        ("{gamify:3}:player:alice:days:login", "player…days"),
        ("{gamify:0}:board:coins:2026-W47:country=SE", "board"),
        ("{gamify:0}:changes", "changes"),
        ("{gamify}:board:coins", "{gamify}:board"),
        ("{gamify}:audit", "{gamify}:audit"),
        ("gamify-cache:1:django.contrib.sessions.cachex", "gamify-cache"),
    ):
        with subtests.test(name=name):
            assert store_report.kind_of(name) == kind


def test_figures_are_written_for_readers(subtests: pytest.Subtests) -> None:
    for shown, text in (
        (figures.figure(None), figures.UNTOLD),
        (figures.figure(1234), "1,234"),
        (figures.figure(1.256), "1.26"),
        (figures.size(None), figures.UNTOLD),
        (figures.size(2048), "2.0\N{NO-BREAK SPACE}KB"),
        (figures.percent(None), figures.UNTOLD),
        (figures.percent(12.34), "12.3 %"),
    ):
        with subtests.test(text=text):
            assert shown == text


# On a server


@contextmanager
def configured(store: Store, **settings: object) -> Iterator[None]:
    """Within it the server has other settings."""
    names = {name.replace("_", "-"): value for name, value in settings.items()}
    before = {name: store.redis.config_get(name)[name] for name in names}
    for name, value in names.items():
        store.redis.config_set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            store.redis.config_set(name, value)


@pytest.fixture
def real(open_store: Callable[..., Store]) -> Store:
    return open_store("valkey")


def states(report: store_report.Report) -> dict[str, str]:
    return {check.name: check.state for check in report.checks}


def test_report_of_a_real_server_is_true(real: Store) -> None:
    report = store_report.read()
    info = real.redis.info()
    assert report.facts.is_told
    assert (report.facts.server.name, report.facts.server.version) == ("Valkey", info["valkey_version"])
    assert report.facts.memory.used
    assert info["used_memory_startup"] <= report.facts.memory.used <= info["used_memory_peak"]
    assert report.facts.memory.maximum == 0
    assert report.facts.replication.role == "master"
    assert report.facts.slow is not None and report.facts.slow_from == 10
    assert [check.name for check in report.bad] == ["Persistence"]  # these servers write nothing to disk
    assert states(report)["Last write to disk"] == "unknown"


def test_policy_of_a_real_server_is_told(real: Store, subtests: pytest.Subtests) -> None:
    for policy, expected in (("allkeys-lru", "bad"), ("volatile-ttl", "warn")):
        with subtests.test(policy=policy):
            with configured(real, maxmemory_policy=policy):
                report = store_report.read()
            assert states(report)["When memory is full"] == expected
            assert states(store_report.read())["When memory is full"] == "ok"


def test_real_server_that_is_full_is_told(real: Store) -> None:
    with configured(real, maxmemory=100_000):
        report = store_report.read()
    assert report.facts.memory.share is not None and report.facts.memory.share > 100
    assert states(report)["Memory"] == "bad"


def test_save_points_of_a_real_server_are_told(real: Store) -> None:
    with configured(real, save="3600 1"):
        assert states(store_report.read())["Persistence"] == "warn"


def test_append_only_file_of_a_real_server_is_told(real: Store) -> None:
    with configured(real, appendonly="yes"):
        report = store_report.read()
    assert states(report)["Persistence"] == states(report)["Last write to disk"] == "ok"
    assert report.bad == []


def test_slow_log_of_a_real_server_is_told(real: Store) -> None:
    with configured(real, slowlog_log_slower_than=0):
        real.redis.set("slow" * 100, "x")
    slowest = [entry.command for entry in store_report.read().facts.slow or ()]
    assert len(slowest) <= 10
    assert f"SET {'slow' * 100} x"[:119] + "…" in slowest
    real.redis.slowlog_reset()


def test_real_replica_is_told(real: Store) -> None:
    real.redis.replicaof("127.0.0.1", "1")
    try:
        assert states(store_report.read())["Replication"] == "bad"
    finally:
        real.redis.replicaof("NO", "ONE")


def test_server_that_forbids_commands_is_told_by_what_it_allows(real: Store) -> None:
    make_board("coins", crowd(3))
    real.redis.execute_command("ACL", "SETUSER", "default", "-config", "-slowlog", "-memory")
    try:
        report = store_report.read()
    finally:
        real.redis.execute_command("ACL", "SETUSER", "default", "+@all")
    assert report.facts.is_told and report.facts.slow is None
    assert states(report)["When memory is full"] == "ok"
    assert states(report)["Persistence"] == states(report)["Slow commands"] == "unknown"
    assert {kind.size for kind in report.kinds} == {None}


@pytest.mark.xdist_group("cluster")
def test_each_node_of_a_cluster_is_told(open_store: Callable[..., Store]) -> None:
    store = open_store("cluster", 9)
    make_board("coins", crowd(50))
    reports = [store_report.read(place) for place in range(3)]
    assert sum(report.keys or 0 for report in reports) == len(store.keys())
    assert [report.place for report in reports] == [0, 1, 2]
    cluster = reports[0].cluster
    assert cluster is not None and cluster.is_well and not cluster.away
    assert {it.address for it in cluster.servers} == {f"127.0.0.1:{node.port}" for node in store.server.nodes}
    assert cluster.covered == sum(it.slots or 0 for it in cluster.servers) == 16384
    assert cluster.keys == len(store.keys()) and cluster.memory == sum(it.memory or 0 for it in cluster.servers)
    assert "its part of the data" in next(it.meaning for it in reports[0].checks if it.name == "Replication")
    with pytest.raises(store_report.UnknownServer):
        store_report.read(3)


def test_one_server_is_no_cluster(real: Store) -> None:
    assert real.redis.ping()
    assert store_report.read().cluster is None


def test_no_replicas_is_a_note_and_no_praise() -> None:
    check = look("Replication")
    assert (check.state, check.word, check.value) == ("note", "Note", "no replicas")
    assert look("Replication", cluster_enabled=1).meaning.endswith("its part of the data is away until it is back.")


def test_kinds_are_counted_and_measured(real: Store) -> None:
    make_board("coins", crowd(500))
    make_player("alice", name="Alice")
    api_keys.create("Game", "read", by="charlie")
    real.redis.set("gamify-cache:1:x", "x")
    real.redis.set("somebody-elses", "x" * 100_000)
    report = store_report.read()
    kinds = {kind.name: kind for kind in report.kinds}
    assert report.is_whole and report.keys == report.sampled + 1 == len(real.keys())
    assert (kinds["player"].keys, kinds["player"].type) == (1, "hash")
    assert (kinds["board"].type, kinds["{gamify}:board"].type, kinds["{gamify}:audit"].type) == (
        "zset",
        "hash",
        "stream",
    )
    assert kinds["gamify-cache"].keys == kinds["{gamify}:api_keys"].keys == 1
    assert kinds["board"].size == real.redis.memory_usage(stored.board(0, "coins", "all"))
    assert round(sum(kind.share for kind in report.kinds)) == 100
    sizes = [kind.size for kind in report.kinds]
    assert sizes == sorted(sizes, reverse=True)


def test_large_store_is_estimated_from_a_sample(real: Store) -> None:
    pipeline = real.redis.pipeline(transaction=False)
    for number in range(6000):
        pipeline.set(stored.feed(0, f"p{number:04}"), "x")
        if number % 2:
            pipeline.set(f"somebody-elses-{number}", "x")
    pipeline.execute()
    report = store_report.read()
    (kind,) = report.kinds
    assert not report.is_whole and 2000 <= report.sampled < 3000
    assert abs(kind.keys - 6000) < 600
    assert kind.share == 100
    truth = sum(real.redis.memory_usage(stored.feed(0, f"p{number:04}")) for number in range(0, 6000, 100)) * 100
    assert kind.size and abs(kind.size - truth) < truth / 5


def test_report_of_a_large_server_takes_few_round_trips(real: Store, round_trips: Callable[[], int]) -> None:
    real.redis.mset({f"somebody-elses-{number}": "x" for number in range(50_000)})
    round_trips()
    report = store_report.read()
    assert round_trips() <= 43
    assert report.kinds == () and not report.is_whole


def test_sample_holds_no_key_of_anybody_else(store: Store) -> None:
    for key in ("gamify:x", "{gamify2}:x", "{gamify2:0}:x", "gamify-caches:1:x", "{gamif}:x"):
        store.redis.set(key, "not ours")
    store.redis.set(b"\xff\xfe", "not ours either")
    assert scan.sample(connection.client(), 10, 10_000) == scan.Sample((), 6, True)


def test_stand_in_without_info_is_told_as_unknown(open_store: Callable[..., Store]) -> None:
    open_store("fakeredis")
    make_board("coins", crowd(3))
    report = store_report.read()
    assert not report.facts.is_told
    assert {name for name, found in states(report).items() if found != "unknown"} <= {"Clock", "Rights"}
    assert "board" in {kind.name for kind in report.kinds}
    assert report.keys == report.sampled


def test_without_a_data_store_there_is_no_report(down: Store) -> None:  # noqa: ARG001
    with pytest.raises(StoreUnavailable):
        store_report.read()
