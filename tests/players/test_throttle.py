"""Limits on attempts."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import RequestFactory

from gamify_site.players import throttle
from gamify_site.players.throttle import WINDOW, Limit, TooManyAttempts
from gamify_site.store import keys
from tests.conftest import Store

GROWING = [Limit("it", 5, grows=True)]
STEADY = [Limit("it", 5)]


def use_up(limits: list[Limit]) -> None:
    for _ in range(5):
        throttle.count(limits)


def end_pause(store: Store, what: str = "it") -> None:
    assert store.redis.delete(keys.attempts_pause(what)) == 1


def pause(limits: list[Limit]) -> int:
    with pytest.raises(TooManyAttempts) as caught:
        throttle.count(limits)
    return caught.value.seconds


@pytest.mark.parametrize("limits", [GROWING, STEADY])
@pytest.mark.usefixtures("store")
def test_after_the_last_allowed_attempt_there_is_a_pause(limits: list[Limit]) -> None:
    use_up(limits)
    assert WINDOW - 2 <= pause(limits) <= WINDOW


def test_each_attempt_after_a_growing_pause_doubles_the_next_up_to_a_day(store: Store) -> None:
    use_up(GROWING)
    pauses = []
    for _ in range(9):
        end_pause(store)
        throttle.count(GROWING)
        pauses.append(round(pause(GROWING) / WINDOW))
    assert pauses == [2, 4, 8, 16, 32, 64, 96, 96, 96]


def test_after_a_steady_pause_the_count_begins_anew(store: Store) -> None:
    use_up(STEADY)
    assert WINDOW - 2 <= store.redis.ttl(keys.attempts("it")) <= WINDOW


def test_an_attempt_while_paused_does_not_count(store: Store) -> None:
    use_up(GROWING)
    for _ in range(20):
        pause(GROWING)
    assert store.redis.get(keys.attempts("it")) == b"5"


@pytest.mark.parametrize("limits", [GROWING, STEADY])
def test_every_count_ends_by_itself(store: Store, limits: list[Limit]) -> None:
    throttle.count(limits)
    assert 0 < store.redis.ttl(keys.attempts("it")) <= WINDOW
    use_up(limits[:0])
    for _ in range(4):
        throttle.count(limits)
    assert 0 < store.redis.ttl(keys.attempts("it")) <= 2 * WINDOW


def test_success_forgets_what_grows_and_takes_one_off_the_others(store: Store) -> None:
    both = [Limit("pair", 5, grows=True), Limit("address", 50)]
    for _ in range(3):
        throttle.count(both)
    throttle.forgive(both)
    assert store.redis.get(keys.attempts("pair")) is None
    assert store.redis.get(keys.attempts("address")) == b"2"


@pytest.mark.usefixtures("store")
def test_success_on_the_last_allowed_attempt_lifts_the_pause() -> None:
    use_up(STEADY)
    throttle.forgive(STEADY)
    throttle.count(STEADY)


def test_forgiving_what_is_no_longer_counted_leaves_nothing_behind(store: Store) -> None:
    throttle.forgive(STEADY)
    assert not store.keys()


@pytest.mark.usefixtures("store")
def test_attempts_at_once_do_not_slip_through() -> None:
    def attempt(_: int) -> bool:
        try:
            throttle.count(GROWING)
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 5


def test_one_limit_that_is_used_up_stops_the_counting_of_all(store: Store) -> None:
    use_up(GROWING)
    with pytest.raises(TooManyAttempts):
        throttle.count([*GROWING, Limit("other", 5)])
    assert store.redis.get(keys.attempts("other")) is None


def test_the_message_names_the_minutes(subtests: pytest.Subtests) -> None:
    for seconds, text in [
        (1, "wait 1 minute "),
        (60, "wait 1 minute "),
        (61, "wait 2 minutes "),
        (900, "wait 15 minutes "),
    ]:
        with subtests.test(seconds=seconds, text=text):
            assert text in TooManyAttempts(seconds).messages[0]


def test_an_ipv6_network_counts_as_one_address(rf: RequestFactory, subtests: pytest.Subtests) -> None:
    for address, counted in [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("unix:", "unix:"),
    ]:
        with subtests.test(address=address, counted=counted):
            assert throttle.address_of(rf.get("/", REMOTE_ADDR=address)) == counted


@pytest.mark.usefixtures("store")
def test_names_that_nobody_can_have_share_one_count() -> None:
    limits = throttle.log_in("no body", "192.0.2.7")
    assert limits == throttle.log_in("x" * 1000, "192.0.2.7")
    assert limits != throttle.log_in("alice", "192.0.2.7")
    assert throttle.log_in("Alice", "192.0.2.7") == throttle.log_in("alice", "192.0.2.7")
