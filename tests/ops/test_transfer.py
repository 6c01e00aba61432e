"""What is exported is imported: the same bytes come out again, on any number of shards, and nobody sees half of it."""

import gzip
import inspect
import json
import os
import re
import sys
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from fakeredis import FakeRedisConnection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from pytest_django import Settings

from achievements.definitions import Event, Tier
from achievements.services import active_players, activity, events, states, unlocks
from gamify_site import audit, visitors
from gamify_site import clock as site_clock
from gamify_site.api import keys as api_keys
from gamify_site.ops.demo import writing
from gamify_site.ops.transfer import answers, exporting, importing, inventory, lines, remembered, sketches
from gamify_site.ops.transfer import players as players_transfer
from gamify_site.ops.transfer.checks import Wrong
from gamify_site.players import services as players
from gamify_site.players.models import Account
from gamify_site.store import catalog, connection, keys, replacing
from gamify_site.store.errors import Resetting
from leaderboards.services import away, boards, moderation, ranking, scores, seasons
from tests.achievements.builders import make
from tests.achievements.test_state_machine import Histories
from tests.builders import brief, crowd, make_board, make_player, season
from tests.conftest import Clock, Store
from tests.ops.test_scenarios import EACH, SMALL
from tests.snapshots import build_once, seed
from tests.test_docs import ROOT, key_functions

ANCHOR = date(2026, 11, 20)
INACTIVE_DAYS = 5
OPERATIONS = ROOT / "docs/operations.md"


@pytest.fixture(autouse=True)
def no_sketches_of_the_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps them in a form of its own, which can be counted but not read."""
    take = inventory.take

    def taken() -> inventory.Inventory:
        found = take()
        pool = getattr(connection.client(), "connection_pool", None)
        return replace(found, active=[]) if pool and pool.connection_class is FakeRedisConnection else found

    monkeypatch.setattr(inventory, "take", taken)


def export() -> bytes:
    """The whole file."""
    out = BytesIO()
    exporting.export(out, lambda _done, _total: None)
    return out.getvalue()


def bring(content: bytes) -> None:
    """Replaces all data by a file's."""
    assert importing.check(BytesIO(content), lambda: None).errors == []
    importing.replace_all(lines.Lines(BytesIO(content)), lambda: None)


def body(content: bytes) -> list[bytes]:
    """The lines without the header."""
    return content.splitlines()[1:]


def check() -> str:
    """What check_integrity prints."""
    out = StringIO()
    with suppress(CommandError):
        call_command("check_integrity", stdout=out)
    return out.getvalue()


@pytest.fixture
def played(services_store: Store, clock: Clock, settings: Settings) -> Store:
    """Fill a data store with a little of everything."""
    return play_once(services_store, clock, settings)


@pytest.fixture
def played_on_three_shards(open_store: Callable[..., Store], clock: Clock, settings: Settings) -> Store:
    """Do the same on three shards only."""
    return play_once(open_store("valkey", 3), clock, settings)


def play_once(store: Store, clock: Clock, settings: Settings) -> Store:
    """Fill a store as `play` does and set the clock as it does; from a copy if there is one."""
    start = clock.now()
    build_once(store, f"played from {start}", lambda: play(clock))
    clock.set(start + timedelta(days=9))
    settings.GAMIFY_INACTIVE_DAYS = INACTIVE_DAYS
    if store.kind != "fakeredis":
        visitors.count(visitors.guest("::1", "a browser"))
    return store


def play(clock: Clock) -> None:
    """Let three players do something of everything, nine days before the clock stops."""
    make_board("coins", action="coin", windows=("all", "day", "season"), segment_by="country", ties="dense",
               seasons=(season("autumn", "2082-09-01", "2082-12-01"),))  # fmt: skip
    make_board("few", action="coin", max_entries=2)
    make_board("first", action="coin", ties="earliest", order="asc", combine="best", windows=("day",))
    make_board("laps", decimals=2)
    make_board("latest", action="coin", combine="last", windows=("all", "day"))
    make("ten")
    make("relics", type="collection", action="relic", items=("cup", "ring"), target=2)
    make("three", type="streak", action="login", target=3, freezes=1)
    make("slayer", type="tiered", action="boss", target=2, points=0, tiers=(Tier("a", "A", 1, 3), Tier("b", "B", 2, 4)))
    make("one", type="meta", action=None, target=1, description="Zoë's “first”", metadata={"half": "\ud800"})
    for player, country in (("alice", "SE"), ("bob", "SE"), ("charlie", "")):
        make_player(player, name=f"{player.title()} Ångström", country=country, about="Two\nlines")
        if player == "bob":
            players.upsert(player, timezone="Asia/Tokyo")  # which the days around it keep more of
        days = [Event(player, "login", at=clock.now() - timedelta(days=ago)) for ago in (3, 2, 0)]
        given_events = [Event(player, "coin", 12), Event(player, "relic", item="cup")]
        events.record([*given_events, Event(player, "boss"), *days], idempotency_key=player)
    players.follow("alice", "bob")
    scores.submit("laps", "nameless", "-12.34")
    events.record([Event("dora", "coin", 5)])  # who is away later on, and still on the boards of periods that are over
    unlocks.revoke("bob", "slayer_a", "a mistake", by="root")
    moderation.hide("charlie", "cheats", by="root")
    events.record([Event("charlie", "coin", 3)])
    clock.advance(days=9)
    assert seasons.close_due()
    events.record([Event(player, "coin", id=f"{player}-1") for player in ("alice", "bob", "charlie")])
    with override_settings(GAMIFY_INACTIVE_DAYS=INACTIVE_DAYS):
        assert away.leave_due() == 2
    assert active_players.keep_over()
    Account.objects.create_user("Root", "tulips and trams", is_staff=True)
    api_keys.create("game", "write", by="root")
    assert "Everything agrees" in check()


@pytest.mark.usefixtures("played")
def test_round_trip_gives_the_same_bytes() -> None:
    first = export()
    bring(first)
    second = export()
    assert body(second) == body(first)
    assert "Everything agrees" in check()
    header = json.loads(first.splitlines()[0])
    assert json.loads(second.splitlines()[0]) == header | {"at": json.loads(second.splitlines()[0])["at"]}


def seen() -> Any:
    """What people see: every rank on every board and period, what players have, and the winners of past periods."""
    found: dict[str, Any] = {}
    for board in boards.all():
        periods = {(it.window, it.period) for it in seasons.past(board.slug)} | {(board.windows[0], None)}
        for window, period in periods:
            rows = ranking.top(board.slug, 50, window=window, period=period)
            found[f"{board.slug} {window} {period}"] = [(row.rank, row.player, row.score) for row in rows]
        found[f"past {board.slug}"] = [(it.period, it.size, it.winners, it.is_final) for it in seasons.past(board.slug)]
    for player in ("alice", "bob", "charlie", "nameless"):
        found[player] = states.read(player)
        found[f"{player} by name"] = [it.id for it in players.find(players.get(player).name)]
    found["audit"] = list(audit.walk(lambda _entry: True))
    found["days"] = activity.by_day(90)
    found["keys"] = api_keys.all()
    return found


@pytest.mark.parametrize(
    "target",
    [
        ("valkey", 1),
        ("valkey", 8),
        pytest.param(("cluster", 8), marks=pytest.mark.xdist_group("cluster")),
        ("redis", 3),
        ("fakeredis", 3),
    ],
)
def test_on_any_number_of_shards_people_see_the_same(
    played_on_three_shards: Store, open_store: Callable[..., Store], target: tuple[str, int]
) -> None:
    content, before = export(), seen()
    played_on_three_shards.empty()
    open_store(*target)
    bring(content)
    assert seen() == before
    assert "Everything agrees" in check()
    again = Account.objects.get_by_natural_key("root")
    assert again.is_staff
    assert again.check_password("tulips and trams")
    for player in ("alice", "bob", "charlie"):
        assert events.record([Event(player, "coin", 12, id=f"{player}-1")]).duplicates == 1
    assert "Everything agrees" in check()
    moderation.show("charlie", "no cheat", by="root")
    assert ranking.standing("coins", "charlie").score == 16


def test_who_was_active_is_known_on_another_number_of_shards(open_store: Callable[..., Store], clock: Any) -> None:
    open_store("valkey", 2)
    make_board("coins", {"alice": 9, "bob": 4, "charlie": 1})
    clock.advance(days=2)
    scores.submit("coins", "bob", 1)
    clock.advance(days=1)
    scores.submit("coins", "alice", 1)
    assert active_players.keep_over()
    content, before = export(), active_players.by_day(4)
    store = open_store("valkey", 4)
    bring(content)
    assert active_players.by_day(4) == before
    assert before[-1][1:] == (1, 3, 3)
    scores.submit("coins", "alice", 2)
    scores.submit("coins", "bob", 2)
    assert active_players.by_day(1)[0][1:] == (2, 3, 3)
    assert all(store.redis.ttl(key) > 0 for key in store.redis.scan_iter("*:active:*"))


def test_batches_that_are_sent_again_count_once(open_store: Callable[..., Store], clock: Any) -> None:  # noqa: ARG001
    open_store("valkey", 3)
    make_board("coins", action="coin")
    batch = [Event(player, "coin", 5) for player in ("alice", "bob", "charlie")]
    events.record(batch, idempotency_key="monday")
    bring(export())
    events.record(batch, idempotency_key="monday")
    assert brief(ranking.top("coins", 3)) == [(1, "charlie", 5), (1, "bob", 5), (1, "alice", 5)]


WRONG_ANSWERS = (
    *('["ok",', "[]", '["ok"]', '["ok",[],[],[],[],[],[],[]]', '["ok",[],[],[],[],[],[],[],[],[]]'),
    *('["stale",[],[],[],[],[],[],[],[]]', '["ok",[1],[],[],[],[],[],[],[]]', '["ok",[],["a"],[],[],[],[],[],[]]'),
    *('["ok",[],[],["alice","ten",1],[],[],[],[],[]]', '["ok",[],[],[],["coins",["alice","",""],{}],[],[],[],[]]'),
    *('["ok",[],[],[],[],[NaN,""],[],[],[]]', '["ok",[],[],[],[],[],[0,"no slug"],[],[]]'),
    *('["ok",[],[],[],[],[],[],["no slug"],[]]', '["ok",[],[],[],[],[],[],[],[-1]]'),
)


def test_answers_to_batches_are_checked(subtests: pytest.Subtests) -> None:
    answers.check('["ok",[],{},[],[],[],[0,"coins"],["whistle"],[0,40]]')
    for answer in WRONG_ANSWERS:
        with subtests.test(answer=answer), pytest.raises(Wrong):
            answers.check(answer)


@pytest.mark.parametrize(("scenario", "shards"), EACH)
def test_sample_data_goes_round(open_store: Callable[..., Store], scenario: str, shards: int) -> None:
    seed(open_store("valkey", shards), scenario, SMALL[scenario], ANCHOR)
    with site_clock.frozen(writing.noon(ANCHOR)):
        first = export()
        bring(first)
        assert body(export()) == body(first)
        assert "Everything agrees" in check()


def test_random_histories_go_round(open_store: Callable[..., Store], clock: Clock, pytestconfig: pytest.Config) -> None:
    store = open_store("valkey", 3)

    class Moved(Histories):
        """A history that is exported and imported at its end."""

        def teardown(self) -> None:
            first = export()
            bring(first)
            assert body(export()) == body(first)
            super().teardown()

    Moved.TestCase.settings  # noqa: B018  (made by hypothesis)
    examples = 8 if pytestconfig.getoption("everything") else 2
    run_state_machine_as_test(
        lambda: Moved(store, clock), settings=settings(max_examples=examples, stateful_step_count=20)
    )


# Keys


def test_every_key_is_exported_made_anew_or_left_out() -> None:
    told = fates()
    assert told.keys() == set(key_functions())
    assert set(told.values()) == {"exported", "made anew", "left out"}


def fates() -> dict[str, str]:
    """What docs/operations.md says becomes of each key."""
    table = OPERATIONS.read_text("utf-8").partition("### Keys in an export")[2]
    return dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", table, re.MULTILINE))


def test_every_exported_key_is_there_again(played_on_three_shards: Store) -> None:
    """Each kind of key is there before, so that the round trip says something, and after."""
    passing = {
        "copied",
        "closing",
        "away_until",
        "work",
        "trimming",
        "attempts",
        "attempts_pause",
        "probe",
        "backfill",
        "api_bucket",
        "api_calls",
        "api_bodies",
        "account_activity",
        "due_periods",
        "last_look",
        "new_periods",
        "rules",
        "counted",
        "final_periods",
        "deletions",
        "answers",
    }
    passing |= {"changes", "clock_ahead", "api_keys_used", "board_versions"}
    before = kinds(played_on_three_shards.keys())
    assert set(fates()) - passing <= before
    bring(export())
    assert before - passing <= kinds(played_on_three_shards.keys())


def kinds(names: set[str]) -> set[str]:
    """Which functions of keys.py made some names."""
    found = set()
    for name in key_functions():
        function = getattr(keys, name)
        arguments = [0 if it == "number" else "@" for it in inspect.signature(function).parameters]
        pattern = re.escape(function(*arguments)).replace("@", "[^:]+").replace(":0\\}", ":\\d+\\}")
        pattern += "(:.*)?" if name in ("board", "batch") else ""
        if any(re.fullmatch(pattern, key) for key in names):
            found.add(name)
    return found


# Files that cannot be imported


@pytest.fixture
def file(store: Store, tmp_path: Path) -> Path:
    """An export of two players; the store is empty again."""
    make_board("coins", {"alice": 5, "bob": 3}, action="coin")
    make("ten")
    make_player("alice", name="Alice", country="SE")
    path = tmp_path / "all.jsonl"
    run("export", path)
    store.empty()
    return path


def run(*arguments: object) -> str:
    """What a command prints."""
    out = StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def refused(*arguments: object) -> str:
    """What a command prints, and what it fails with."""
    out = StringIO()
    with pytest.raises(CommandError) as error:
        call_command(*map(str, arguments), stdout=out, stderr=out)
    return f"{out.getvalue()}{error.value}"


def rewrite(path: Path, change: Callable[[list[bytes]], None]) -> None:
    """Changes lines of a file, and the last one so that they add up again."""
    found = path.read_bytes().splitlines(keepends=True)
    change(found)
    header = lines.Header.read(found[0])
    digest = sha256(header.digested() + b"".join(found[1:-1])).hexdigest()
    found[-1] = lines.write({"end": {"lines": len(found) - 1, "sha256": digest}})
    path.write_bytes(b"".join(found))


def test_import_into_nothing(file: Path, store: Store) -> None:
    days = "1 day of counts" + (", 1 sketch of active players" if store.kind != "fakeredis" else "")
    said = f"1 board, 1 achievement, {days}, 2 players, 2 latest ranks."
    assert f"Checked, nothing is written: {said}" in run("import", file, "--dry-run")
    assert boards.all() == []
    assert f"Imported: {said}" in run("import", file)
    assert brief(ranking.top("coins", 2)) == [(1, "alice", 5), (2, "bob", 3)]


def test_data_that_is_there_is_replaced_only_on_demand(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_player("charlie")
    assert "There is data under the prefix 'gamify' already. Import with --replace" in refused("import", file)
    monkeypatch.setattr("builtins.input", lambda _question: "no")
    assert "Nothing was changed." in refused("import", file, "--replace")
    assert players.exists("charlie")
    run("import", file, "--replace", "--yes")
    assert not players.exists("charlie")
    assert players.get("alice").country == "SE"


def test_data_that_comes_while_a_file_is_checked_stays(
    file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = importing.check

    def check_slowly(*arguments: Any) -> Any:
        found = checked(*arguments)
        make_board("live", {"charlie": 7}, action="coin")
        return found

    monkeypatch.setattr(importing, "check", check_slowly)
    told = refused("import", file)
    assert "There is data under the prefix 'gamify' already." in told
    assert "stays closed" not in told
    assert brief(ranking.top("live", 3)) == [(1, "charlie", 7)]
    assert scores.increment("live", "charlie", 1).score == 8
    assert len({store.redis.get(key) for key in store.redis.scan_iter("*catalog_version")}) == 1
    assert events.record([Event("bob", "coin")]).accepted == 1


def test_an_import_into_nothing_does_not_disturb_another(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One has broken off while the file was checked: what it left stays closed."""
    checked = importing.check

    def check_slowly(*arguments: Any) -> Any:
        found = checked(*arguments)
        with suppress(ZeroDivisionError), replacing.all_data("another"):
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(importing, "check", check_slowly)
    assert "The data is closed" in refused("import", file)
    catalog.forget()
    with pytest.raises(Resetting):
        boards.all()


def test_standard_input_and_output_and_compressed(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = file.read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(content)))
    run("import", "-")
    out = BytesIO()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
    call_command("export", "-", stderr=StringIO())
    assert body(out.getvalue()) == body(content)
    packed = tmp_path / "all.jsonl.gz"
    run("export", packed)
    assert body(gzip.decompress(packed.read_bytes())) == body(content)
    assert "Imported: 1 board" in run("import", packed, "--replace", "--yes")


def test_only_the_owner_may_read_a_file(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [it.name for it in file.parent.iterdir()] == ["all.jsonl"]


def test_what_is_no_regular_file_is_written_to_and_stays(file: Path, tmp_path: Path) -> None:
    run("import", file)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    run("export", pipe)
    assert pipe.is_fifo()
    assert body(os.read(reader, 65536)) == body(file.read_bytes())
    os.close(reader)
    link = tmp_path / "link"
    link.symlink_to(file)
    run("export", link)
    assert link.is_symlink()
    assert sorted(it.name for it in tmp_path.iterdir()) == ["all.jsonl", "link", "pipe"]


def test_a_file_that_was_cut_is_refused(file: Path) -> None:
    whole = file.read_bytes()
    for end in (0, 10, len(whole) // 2, len(whole) - 100, len(whole) - 1, whole.rindex(b"\n{") + 1):
        file.write_bytes(whole[:end])
        assert "Nothing is written." in refused("import", file)
    file.write_bytes(gzip.compress(whole)[:-20])
    packed = file.rename(file.with_suffix(".gz"))
    assert "Nothing is written." in refused("import", packed)
    assert boards.all() == []


def test_a_damaged_compressed_file_is_refused(file: Path, subtests: pytest.Subtests) -> None:
    for damage, place in (("a kind of block that there is not", 10), ("check sum", -8)):
        with subtests.test(damage=damage):
            packed = bytearray(gzip.compress(file.read_bytes()))
            packed[place] = 0x07 if place == 10 else packed[place] ^ 0xFF
            damaged = file.with_suffix(".gz")
            damaged.write_bytes(packed)
            told = refused("import", damaged, "--dry-run")
            assert "the file cannot be read on" in told
            assert "Nothing is written." in told


def test_a_changed_line_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"Alice", b"Malic"))
    assert "its lines do not add up" in refused("import", file)
    file.write_bytes(b"")
    assert "cut short" in refused("import", file)
    file.write_bytes(b'{"boards": []}\n')
    assert "this is no export" in refused("import", file)
    assert "cannot be read" in refused("import", file.parent / "nothing")


BAD = {
    "score": (b'"coins:all":"5:0"', b'"coins:all":"5.5:0"', "is no entry"),
    "exact range": (b'"coins:all":"5:0"', b'"coins:all":"99999999999999999:0"', "is out of the board's range"),
    "range": (b'"coins:all":"5:0"', b'"coins:all":"9007199254740992:0"', "is out of the board's range"),
    "board": (b'"coins:all":"5:0"', b'"coin:all":"5:0"', "is no board of this file"),
    "period": (b'"coins:all":"5:0"', b'"coins:all:x=y":"5:0"', "is no period"),
    "day": (b'"coins:all":"5:0"', b'"coins:2082-99-99":"5:0"', "is no period"),
    "year": (b'"coins:all":"5:0"', b'"coins:9999-12":"5:0"', "is no period"),
    "final week": (b'"id":"alice"', b'"final_ranks":{"coins:2082-W60":"1:5:2"},"id":"alice"', "is no period"),
    "final board": (b'"id":"alice"', b'"final_ranks":{"Coins:all":"1:5:2"},"id":"alice"', "is no board and period"),
    "aside": (b'"id":"alice"', b'"hidden_entries":{"coins:2082-02-30":"1:5"},"id":"alice"', "is no period"),
    "id": (b'"id":"alice"', b'"id":"al ice"', "is no player id"),
    "order of ids": (b'"id":"alice"', b'"id":"zoe"', "does not come after"),
    "twice": (b'"id":"alice"', b'"id":"bob"', "does not come after"),
    "field": (b'"profile":{', b'"profile":{"points":"7",', "is no field of a profile"),
    "country": (b'"country":"SE"', b'"country":"Sweden"', "At most 2 characters"),
    "number": (b'"seen":', b'"seen":-', "is no whole number"),
    "true": (b'"id":"alice"', b'"hidden":1,"id":"alice"', "is not true"),
    "unknown": (b'"id":"alice"', b'"id":"alice","progress":{"eleven":"3"}', "is no achievement of this file"),
    "negative": (b'"id":"alice"', b'"id":"alice","progress":{"ten":"-3"}', "is no whole number from 0"),
    "hidden": (b'"id":"alice"', b'"hidden":true,"id":"alice"', "a hidden player is on no board"),
    "away": (b'"id":"alice"', b'"hidden":true,"away":1,"id":"alice"', "who is away is on no board of all time"),
    "unlock": (b'"id":"alice"', b'"id":"alice","unlocked":{"ten":"soon"}', "is no unlock"),
    "kind": (b'{"player":{"en', b'{"gamer":{"en', "this is no object with one of the kinds"),
    "json": (b'{"player":{"en', b'{player:{"en', "this is no JSON"),
    "nan": (b'"seen":', b'"seen":NaN,"x":', "NaN is no number"),
    "definition": (b'"combine":"sum"', b'"combine":"mean"', "combine: Choose one of"),
    "definition's number": (b'"decimals":"0"', b'"decimals":"none"', "the fields are no definition"),
}


def test_a_bad_line_is_named(file: Path, subtests: pytest.Subtests) -> None:
    whole = file.read_bytes()
    for what, (old, new, reason) in BAD.items():
        with subtests.test(what=what):
            file.write_bytes(whole)
            place = next(place for place, line in enumerate(whole.splitlines()) if old in line)
            rewrite(file, replacing_in_line(place, old, new))
            told = refused("import", file)
            number = place + 1 + (reason == "does not come after")  # which the next line does not
            assert f"{number:>9}  " in told
            assert reason in told
            assert boards.all() == []


def replacing_in_line(place: int, old: bytes, new: bytes) -> Callable[[list[bytes]], None]:
    """Return a change for `rewrite`: the first `old` in a line becomes `new`."""

    def change(found: list[bytes]) -> None:
        found[place] = found[place].replace(old, new, 1)

    return change


A_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("1:1") | st.just("0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a JSON value, as a container and the index or name within it."""
    inside = list(value.items()) if isinstance(value, dict) else []
    inside = list(enumerate(value)) if isinstance(value, list) else inside
    return [(value, name) for name, _ in inside] + [spot for _, it in inside for spot in spots(it)]


@pytest.mark.usefixtures("played_on_three_shards")
def test_nothing_that_a_line_may_say_breaks_the_check(pytestconfig: pytest.Config) -> None:
    whole = export().splitlines()

    @settings(max_examples=300 if pytestconfig.getoption("everything") else 50)
    @given(st.data())
    def attempt(data: Any) -> None:
        number = data.draw(st.integers(1, len(whole) - 2))
        thing = json.loads(whole[number])
        container, name = data.draw(st.sampled_from(spots(thing)))
        container[name] = data.draw(A_VALUE)
        line = lines.write(thing)
        importing.check(BytesIO(b"\n".join([*whole[:number], line.rstrip(), *whole[number + 1 :], b""])), lambda: None)

    attempt()


def test_where_definitions_are_wrong_they_alone_are_told(file: Path) -> None:
    """The entries of all players are "no board of this file" then, which would hide the reason."""

    def spoil(found: list[bytes]) -> None:
        for place in (1, 2):
            found[place] = found[place].replace(b'"name":', b'"nickname":')

    rewrite(file, spoil)
    told = refused("import", file, "--dry-run")
    assert [line.split()[0] for line in told.splitlines()[1:3]] == ["2", "3"]
    assert "is no board of this file" not in told
    assert "What comes after the definitions was not checked. Nothing is written." in told


def test_the_question_ends_its_line_where_nobody_answers(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    assert refused("import", file, "--replace") == "\nNothing was changed. Answer yes, or give --yes."


def test_at_most_twenty_errors_are_told(file: Path) -> None:
    def spoil(found: list[bytes]) -> None:
        found[3:3] = [b'{"player":{"id":"p%02d","seen":-1}}\n' % number for number in range(30)]

    rewrite(file, spoil)
    told = refused("import", file, "--dry-run")
    assert "These are the first 20 errors. Nothing is written." in told
    assert told.count("is no whole number") == 20


def refuse_demo(monkeypatch: pytest.MonkeyPatch) -> str:
    """With what `make demo` fails, if it neither makes sample data nor serves."""
    monkeypatch.setattr("django.conf.settings.GAMIFY_DEMO", True)
    monkeypatch.setattr("django.conf.settings.GAMIFY_EMBEDDED", False)
    monkeypatch.setattr("gamify_site.ops.serving.check_ports", lambda *_: None)
    return refused("demo", "--scenario", "empty")


def test_an_import_that_breaks_off_leaves_the_data_closed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = file.read_bytes()
    rewrite(file, lambda found: found.insert(-1, b'{"player":{"id":"zoe","seen":"never"}}\n'))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=BytesIO(file.read_bytes())))
    assert "import again, with --replace" in refused("import", "-")
    catalog.forget()
    with pytest.raises(Resetting):
        ranking.top("coins", 3)
    page = Client().get("/leaderboards/coins/")
    assert page.status_code == 503
    assert "The data is being replaced." in page.text
    assert "demo --fresh" in refuse_demo(monkeypatch)
    file.write_bytes(whole)
    assert "The data is closed" in refused("import", file)
    run("import", file, "--replace", "--yes")
    assert brief(ranking.top("coins", 1)) == [(1, "alice", 5)]


def test_a_definition_that_changes_meanwhile_stops_the_export(store: Store, tmp_path: Path) -> None:  # noqa: ARG001
    make_board("coins", crowd(20))
    path = tmp_path / "all.jsonl"
    path.write_text("the one before")

    def read(_stock: object, reader: Any = players_transfer.read_players) -> Any:
        made = players_transfer.Reader.now
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(players_transfer.Reader, "now", lambda: (made(), make_board("other"))[0])
            yield from reader(_stock)

    with pytest.MonkeyPatch.context() as patch:
        kinds_ = [kind._replace(read=read) if kind.name == "player" else kind for kind in exporting.KINDS]
        patch.setattr(exporting, "KINDS", kinds_)
        assert "was changed meanwhile" in refused("export", path)
    assert path.read_text() == "the one before"


def reading(monkeypatch: pytest.MonkeyPatch, kind: str, meanwhile: Callable[[], object]) -> None:
    """Something happens during an export, once all players are read, just before the things of a kind are."""

    def wrapped(its: Any) -> Any:
        def read(stock: inventory.Inventory) -> Any:
            meanwhile()
            yield from its.read(stock)

        return its._replace(read=read) if its.name == kind else its

    monkeypatch.setattr(exporting, "KINDS", [wrapped(its) for its in exporting.KINDS])


def test_a_period_that_is_closed_during_an_export_is_closed_again(
    open_store: Callable[..., Store], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store("valkey", 2)
    make_board("coins", {"alice": 9, "bob": 5}, windows=("day", "week"), grace_hours=168)
    clock.advance(days=8)
    assert [it.suffix for it in seasons.close_due()] == ["2082-11-20"]
    clock.advance(days=8)
    reading(monkeypatch, "closed_period", seasons.close_due)
    content = export()
    bring(content)
    assert len(seasons.final_ranks("alice")) == 1
    assert [it.suffix for it in seasons.close_due()] == ["2082-W47"]
    assert [it.rank for it in seasons.final_ranks("alice")] == [1, 1]


@pytest.mark.usefixtures("clock")
def test_an_event_that_comes_during_an_export_is_not_lost(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither in the player's line nor among the ids, and counts when it is sent again."""
    open_store("valkey", 2)
    make_board("coins", action="coin")
    events.record([Event("alice", "coin", 1, id="early")])
    event = Event("alice", "coin", 5, id="late")
    reading(monkeypatch, "closed_period", lambda: events.record([event]))  # once all players are read
    content = export()
    bring(content)
    assert events.record([event]).duplicates == 0
    assert events.record([Event("alice", "coin", 1, id="early")]).duplicates == 1
    assert brief(ranking.top("coins", 1)) == [(1, "alice", 6)]


# Parts


def test_ids_of_events_go_where_their_player_does(open_store: Callable[..., Store], subtests: pytest.Subtests) -> None:
    players = ["alice", "bob", "charlie", "dora"]
    for there, here in ((1, 3), (3, 1), (3, 3)):
        with subtests.test(there=there, here=here):
            open_store("valkey", there)
            make_board("coins", action="coin")
            batch = [Event(player, "coin", id="match-77") for player in players]
            events.record(batch)
            content = export()
            store = open_store("valkey", here)
            bring(content)
            assert events.record(batch).duplicates == 4
            assert sum(store.redis.hlen(key) for key in store.redis.scan_iter("*:event_ids:*")) == 4


def test_late_events_stay_late_after_a_move(open_store: Callable[..., Store], clock: Clock) -> None:
    """Also those of players who were off the boards meanwhile."""
    open_store("valkey", 1)
    make_board("mood", action="mood", combine="last")
    for player in ("alice", "bob"):
        events.record([Event(player, "mood", value=5)])
    moderation.hide("bob", "cheats", by="root")
    bring(export())
    moderation.show("bob", "does not", by="root")
    late = [Event(player, "mood", value=9, at=clock.now() - timedelta(hours=1)) for player in ("alice", "bob")]
    assert events.record(late).accepted == 2
    assert brief(ranking.top("mood")) == [(1, "bob", 5), (1, "alice", 5)]


def test_ids_of_the_future_are_refused(file: Path) -> None:
    """A line of a few bytes must not make keys for all the days until then."""
    line = b'{"event_ids":{"ids":["alice a"],"part":0,"shard":0,"span":%d}}\n'
    rewrite(file, lambda found: found.insert(3, line % 32_503_680_000))
    assert "span: 32503680000 is no whole number from 0 to" in refused("import", file)
    assert boards.all() == []


def test_ids_that_were_known_for_long_are_copied_a_few_times(open_store: Callable[..., Store], settings: Any) -> None:
    store = open_store("valkey", 1)
    make_board("coins", action="coin")
    events.record([Event("alice", "coin", id="monday")])
    content = export()
    settings.GAMIFY_EVENT_TTL = 60
    bring(content)
    copies = list(store.redis.scan_iter("*:event_ids:*"))
    assert len(copies) == remembered.MOST_COPIES
    assert all(store.redis.ttl(it) > 0 for it in copies)
    assert events.record([Event("alice", "coin", id="monday")]).duplicates == 1


@given(ttl=st.integers(1, 200_000), age=st.integers(0, 400_000), here=st.integers(1, 200_000))
def test_ids_of_events_are_known_for_as_long(ttl: int, age: int, here: int) -> None:
    now = 3_560_000_000
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "_now", lambda: now)
        patch.setattr("django.conf.settings.GAMIFY_EVENT_TTL", here, raising=False)
        span = (now - age) // ttl
        found = remembered.spans(span, ttl)
        assert len(found) <= remembered.MOST_COPIES
        last_known = min((span + 2) * ttl - 1, now + 15 * here)
        for moment in {now, (now + last_known) // 2, last_known}:
            if now <= moment <= last_known:
                assert {moment // here - 1, moment // here} & set(found)


def test_sketches_are_checked(open_store: Callable[..., Store]) -> None:
    store = open_store("valkey", 1)
    for number in (1, 100, 100_000):
        store.redis.pfadd("sketch", *(f"{number} {it}" for it in range(number)))
        read = sketches.read(sketches.write(store.redis.get("sketch")))
        counted = store.redis.pfcount("sketch")
        store.redis.set("other", read)
        assert store.redis.pfcount("other") == counted
        for spoilt in (read[:-1], read + b"\x00", b"X" + read[1:], read[:4] + b"\x02" + read[5:], b""):
            with pytest.raises(Wrong):
                sketches.read(b64encode(spoilt).decode())
