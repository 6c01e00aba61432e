"""Daily, weekly and monthly active players: counted over all shards, kept for good once a day is over."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest

from achievements.services import active_players
from gamify_site.store import keys, replacing
from tests.achievements.builders import do

pytestmark = pytest.mark.usefixtures("services_store")


def play(clock, *players: str) -> None:
    for player in players:
        do(player, "coin")
    clock.advance(days=1)


def brief(found: list[active_players.Active]) -> list[tuple[int, int, int, int]]:
    return [(it.day.day, *it[1:]) for it in found]


def test_players_of_several_days_are_counted_once(clock):
    play(clock, "alice", "bob")
    play(clock, "alice")
    play(clock, "charlie", "alice")
    assert brief(active_players.keep_over()) == [(20, 2, 2, 2), (21, 1, 2, 2), (22, 2, 3, 3)]
    clock.advance(days=7)
    assert brief(active_players.keep_over())[-2:] == [(28, 0, 2, 3), (29, 0, 0, 3)]


def test_day_is_written_once_and_for_good(clock, services_store):
    play(clock, "alice")
    assert len(active_players.keep_over()) == 1
    assert active_players.keep_over() == []
    assert services_store.redis.hgetall(keys.active_players()) == {b"2082-11-20": b"1:1:1"}
    services_store.redis.delete(*services_store.redis.scan_iter(match="*:active:*"))
    assert brief(active_players.by_day(2)) == [(20, 1, 1, 1), (21, 0, 0, 0)]


def test_day_is_not_over_before_what_was_on_its_way_has_arrived(clock):
    play(clock, "alice")
    clock.set(datetime(2082, 11, 21, 0, 4, tzinfo=UTC))
    assert active_players.keep_over() == []
    clock.set(datetime(2082, 11, 21, 0, 5, tzinfo=UTC))
    assert len(active_players.keep_over()) == 1


def test_two_at_once_write_each_day_once(clock):
    for _ in range(5):
        play(clock, "alice")
    with ThreadPoolExecutor(4) as pool:
        found = [it for part in pool.map(lambda _: active_players.keep_over(), range(4)) for it in part]
    assert sorted(it.day.day for it in found) == [20, 21, 22, 23, 24]


def test_one_that_broke_off_is_gone_on_with(clock, services_store):
    for _ in range(3):
        play(clock, "alice")
    active_players.keep_over()
    services_store.redis.hdel(keys.active_players(), "2082-11-21", "2082-11-22")
    assert brief(active_players.keep_over()) == [(21, 1, 1, 1), (22, 1, 1, 1)]


def test_today_is_told_while_it_goes_on(clock):
    play(clock, "alice")
    do("bob", "coin")
    assert brief(active_players.by_day(2)) == [(20, 1, 1, 1), (21, 1, 2, 2)]
    active_players.keep_over()
    assert brief(active_players.by_day(2)) == [(20, 1, 1, 1), (21, 1, 2, 2)]


def test_what_was_not_kept_for_thirty_days_is_not_told_as_less(clock):
    do("alice", "coin")
    clock.advance(days=98)
    do("bob", "coin")
    clock.advance(days=1)
    first, *_, last = active_players.keep_over()
    assert first.day == date(2082, 11, 20) + timedelta(days=29)
    assert last[1:] == (1, 1, 1)


def test_site_without_players_has_nothing_to_write(clock):  # noqa: ARG001
    assert active_players.keep_over() == []
    assert brief(active_players.by_day(1)) == [(20, 0, 0, 0)]


def test_notes_live_for_a_hundred_days(clock, services_store):
    play(clock, "alice")
    (key,) = services_store.redis.scan_iter(match="*:active:*")
    assert services_store.redis.ttl(key) == active_players.LIFE * 86400


def test_numbers_of_data_that_has_been_replaced_meanwhile_are_not_written(clock, monkeypatch, services_store):
    play(clock, "alice")
    count = active_players._count

    def count_and_replace(dates):
        found = count(dates)
        with replacing.all_data("other data"):
            pass
        return found

    monkeypatch.setattr(active_players, "_count", count_and_replace)
    assert active_players.keep_over() == []
    assert not services_store.redis.exists(keys.active_players())
    monkeypatch.setattr(active_players, "_count", count)
    assert len(active_players.keep_over()) == 1
