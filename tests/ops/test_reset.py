"""Sample data: always the same, never half, and nobody else's keys."""

import re
import threading
import time
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import pytest
from django.contrib.auth.hashers import get_hasher
from django.test import Client
from redis import Redis

from gamify_site import clock
from gamify_site.ops.demo import accounts, people, reset, writing
from gamify_site.players import services as players
from gamify_site.players.models import Account
from gamify_site.store import replacing
from gamify_site.store.errors import Resetting
from leaderboards.definitions import Board
from leaderboards.services import boards, ranking, scores
from tests.conftest import Store
from tests.snapshots import seed

ANCHOR = date(2026, 11, 20)


def make(number: int = 12, anchor: date = ANCHOR, scenario: str = "showcase") -> None:
    reset.reset(scenario, number, anchor, lambda _done, _total: None)


READ: dict[bytes, Callable[[Any, bytes], Any]] = {
    b"string": lambda pipeline, key: pipeline.get(key),
    b"hash": lambda pipeline, key: pipeline.hgetall(key),
    b"set": lambda pipeline, key: pipeline.smembers(key),
    b"zset": lambda pipeline, key: pipeline.zrange(key, 0, -1, withscores=True),
    b"stream": lambda pipeline, key: pipeline.xrange(key),
}


def dump(redis: Redis) -> dict[str, Any]:
    """Read every key with its value, all of a kind of question at once."""
    names = list(redis.scan_iter(count=1000))
    with redis.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.type(name)
        for name, kind in zip(names, pipeline.execute(), strict=True):
            READ[kind](pipeline, name)
        return {name.decode(): value for name, value in zip(names, pipeline.execute(), strict=True)}


def test_same_arguments_give_the_same_keys_and_values(services_store: Store) -> None:
    seed(services_store, "ties", 15, ANCHOR)
    first = dump(services_store.redis)
    scores.submit("shared", "bob", 1)
    players.upsert("charlie", name="Charlie")
    make(15, scenario="ties")
    assert dump(services_store.redis) == first


def test_another_anchor_gives_other_periods(store: Store) -> None:
    make(1, anchor=date(2026, 10, 1))
    written = store.keys()
    assert any("2026-10-01" in key for key in written)
    assert not any("2026-11" in key for key in written)


@pytest.mark.xdist_group("showcase of twelve")
def test_showcase_fills_all_boards_and_windows(store: Store) -> None:
    seed(store, "showcase", 12, ANCHOR)
    with clock.frozen(writing.noon(ANCHOR)):
        assert [board.slug for board in boards.all()] == ["achievement-points", "best-lap", "coins", "weekly-score"]
        assert ranking.size("coins") == ranking.size("weekly-score") == 12
        assert ranking.standing("coins", "alice") is not None
        for slug in ("coins", "weekly-score"):
            for window in boards.get(slug).windows:
                assert ranking.top(slug, 3, window=window)
        laps = [row.score for row in ranking.top("best-lap", 12)]
    assert laps == sorted(laps)
    assert all(lap.as_tuple().exponent == -2 for lap in laps)


def test_people_are_unique_and_look_real() -> None:
    crowd = people.make(1000, Random(1))
    assert len({person.id for person in crowd}) == 1000
    assert crowd[0].id == "alice"
    assert len({person.name for person in crowd[:250]}) > 200
    assert len({person.country for person in crowd[:250]}) > 20
    for person in crowd:
        for field in ("name", "country", "region", "team", "timezone"):
            players.check_field(field, getattr(person, field))


@pytest.mark.xdist_group("showcase of twelve")
def test_empty_scenario_has_the_log_ins_and_no_boards(store: Store) -> None:
    seed(store, "showcase", 12, ANCHOR)
    make(scenario="empty")
    assert boards.all() == []
    assert players.get("alice").name == "Alice Hartley"


def test_other_applications_keys_are_untouched(store: Store) -> None:
    others = {"celery": "1", "{gamify2}:boards": "2", "gamify": "3", "{gamify-eu:0}:players": "4", "{gamifyx}:a": "5"}
    for key, value in others.items():
        store.redis.set(key, value)
    make(1, scenario="ties")
    assert {key: store.redis.get(key).decode() for key in others} == others


def test_shards_that_are_no_more_are_removed(open_store: Callable[..., Store]) -> None:
    store = open_store("valkey", shards=1)
    store.redis.set("{gamify:7}:player:bob", "left behind")
    make(1, scenario="ties")
    assert not store.redis.exists("{gamify:7}:player:bob")


@pytest.mark.xdist_group("showcase of twelve")
def test_sample_passwords_work(store: Store) -> None:
    seed(store, "showcase", 12, ANCHOR)
    for sample in accounts.SAMPLES:
        account = Account.objects.get_by_natural_key(sample.username)
        assert account.check_password(sample.password)
        assert account.is_staff is sample.is_staff
        assert not get_hasher().must_update(account.password)  # a log-in would replace it, and end all other sessions


def test_staff_stay_and_players_accounts_go(store: Store) -> None:  # noqa: ARG001
    Account.objects.create_user("charlie", "tulips and trams", is_staff=True)
    Account.objects.create_user("bob", "tulips and trams")
    make(1, scenario="ties")
    assert Account.objects.get_by_natural_key("charlie").check_password("tulips and trams")
    with pytest.raises(Account.DoesNotExist):
        Account.objects.get_by_natural_key("bob")


@pytest.mark.parametrize("shards", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_nobody_sees_half(open_store: Callable[..., Store], shards: int) -> None:
    """Two who call the service and two who open the page, all the time, while the data is replaced."""
    seed(open_store("valkey", shards), "ties", 12, ANCHOR)

    def look() -> list[Any]:
        with clock.frozen(writing.noon(ANCHOR)):
            return [(row.player, row.score) for row in ranking.top("shared", 1000)]

    def open_page() -> int | str:
        page = Client().get("/leaderboards/shared/")
        size = re.search(r'data-board-size="(\d+)"', page.content.decode())
        return int(size[1]) if size else "closed"

    old, seen, sizes, done = look(), [], [], threading.Event()

    def read(ask: Callable[[], Any], found: list[Any]) -> None:
        while not done.wait(0.002):
            try:
                found.append(ask())
            except Resetting:
                found.append("closed")

    readers = [
        threading.Thread(target=read, args=asked) for asked in [(look, seen), (open_page, sizes)] for _ in range(2)
    ]
    for reader in readers:
        reader.start()

    def wait_for_readers(_done: int, _total: int) -> None:
        """Go on only when both kinds of reader have found the site closed."""
        deadline = time.monotonic() + 60
        while not ("closed" in seen and "closed" in sizes) and time.monotonic() < deadline:
            time.sleep(0.002)

    reset.reset("ties", 5, ANCHOR, wait_for_readers)
    done.set()
    for reader in readers:
        reader.join()
    new = look()
    assert (len(old), len(new)) == (12, 5)
    assert all(found in (old, "closed", new) for found in seen)
    assert "closed" in seen
    assert set(sizes) <= {12, "closed", 5}
    assert "closed" in sizes


@pytest.mark.xdist_group("showcase of twelve")
def test_writes_are_refused_meanwhile(store: Store) -> None:
    seed(store, "showcase", 12, ANCHOR)
    refused = []

    def write() -> None:
        for attempt in (
            lambda: scores.submit("coins", "bob", 5),
            lambda: players.upsert("bob", name="Bob"),
            lambda: boards.define(Board("laps", "Laps")),
        ):
            with pytest.raises(Resetting):
                attempt()
            refused.append(attempt)

    with replacing.all_data("new"):
        writer = threading.Thread(target=write)
        writer.start()
        writer.join()
    assert len(refused) == 3


def test_a_reset_that_breaks_off_leaves_the_site_closed_and_the_next_one_mends_it(store: Store) -> None:
    def fail(done: int, _total: int) -> None:
        if done > 10:
            raise KeyboardInterrupt

    seed(store, "one-short", 4, ANCHOR)
    whole = dump(store.redis)
    with pytest.raises(KeyboardInterrupt):
        reset.reset("one-short", 4, ANCHOR, fail)
    with pytest.raises(Resetting):
        ranking.top("coins", 5)
    assert reset.is_needed()
    make(4, scenario="one-short")
    assert dump(store.redis) == whole


def test_of_two_resets_at_once_the_later_one_wins(store: Store) -> None:
    seed(store, "one-short", 4, ANCHOR)
    whole = dump(store.redis)

    def overtake(done: int, _total: int) -> None:
        if done == 9:
            later = threading.Thread(target=make, args=(4, ANCHOR, "one-short"))
            later.start()
            later.join()

    with pytest.raises(Resetting):
        reset.reset("one-short", 4, ANCHOR, overtake)
    assert dump(store.redis) == whole


def test_sample_data_is_needed_where_there_is_none(store: Store) -> None:  # noqa: ARG001
    assert reset.is_needed()
    Account.objects.create_user("charlie", "tulips and trams", is_staff=True)
    assert reset.is_needed()
    make(scenario="empty")
    assert not reset.is_needed()
