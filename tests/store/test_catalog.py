"""The fence: a definition holds for every process as soon as it is saved, however old what the process remembers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError

from gamify_site.api import keys as api_keys
from gamify_site.players import accounts, registration
from gamify_site.store import catalog, keys, replacing, shards
from gamify_site.store.errors import Resetting, StoreUnavailable
from leaderboards.errors import UnknownBoard
from leaderboards.services import boards, ranking, scores
from tests.builders import brief, make_board

pytestmark = pytest.mark.usefixtures("services_store")


@pytest.fixture
def another_process():
    """Runs a function as a process that remembers no definitions, and gives this one its own memory back."""

    def run(function) -> None:
        own = catalog._own.get()
        remembered = own.snapshot
        catalog.forget()
        function()
        own.snapshot = remembered

    return run


def test_old_rule_is_never_applied_after_a_change(another_process):
    make_board(combine="sum", entries={"alice": 5})
    boards.get("coins")
    another_process(lambda: make_board(combine="best"))
    assert boards.get("coins").combine == "sum"  # what this process remembers
    assert scores.submit("coins", "alice", 3).score == 5
    assert boards.get("coins").combine == "best"


def test_new_definition_is_found_by_every_process(another_process):
    boards.all()
    another_process(lambda: make_board("laps"))
    assert boards.get("laps").slug == "laps"


def test_staff_follow_what_other_processes_have_changed(another_process):
    make_board()
    boards.get("coins")
    another_process(lambda: make_board(name="Gold"))
    catalog.follow()
    assert boards.get("coins").name == "Gold"


def test_what_is_supposed_first_leaves_the_rest_as_of_now(another_process):
    made = make_board()
    another_process(lambda: make_board(name="Gold"))
    with catalog.as_of_now():
        with catalog.supposing("board", "coins", made.to_fields()):
            assert boards.get("coins").name == "Coins"
        assert boards.get("coins").name == "Gold"


def test_as_of_now_also_holds_apart(another_process):
    make_board()
    with catalog.apart():
        boards.get("coins")
        another_process(lambda: make_board(name="Gold"))
        with catalog.as_of_now():
            assert boards.get("coins").name == "Gold"


def test_old_rule_is_never_applied_to_a_batch(another_process):
    make_board(combine="sum", entries={"alice": 5, "bob": 5, "charlie": 5})
    boards.get("coins")
    another_process(lambda: make_board(combine="best", max_entries=2))
    scores.submit_many("coins", {"alice": 7, "bob": 1, "charlie": 6, "dora": 9})
    assert brief(ranking.top("coins", 9)) == [(1, "dora", 9), (2, "alice", 7)]


def test_old_limit_is_never_read_by(another_process):
    make_board(entries={"alice": 5, "bob": 4, "charlie": 3})
    boards.get("coins")
    another_process(lambda: make_board(max_entries=1))
    assert brief(ranking.top("coins", 9)) == [(1, "alice", 5)]
    assert ranking.size("coins") == 1


def test_write_to_a_board_that_is_gone_is_told(services_store, another_process):
    make_board(entries={"alice": 5})
    boards.get("coins")
    another_process(lambda: boards.delete("coins"))
    with pytest.raises(UnknownBoard):
        scores.submit("coins", "alice", 1)
    assert not [key for key in sorted(services_store.keys()) if ":board:coins" in key]


def test_new_decimals_are_never_mistaken(another_process):
    """5 was units of one; now it would be units of a hundredth."""
    make_board(combine="last")
    boards.get("coins")
    another_process(lambda: make_board(combine="last", decimals=2))
    try:
        scores.submit("coins", "alice", 5)
    except ValidationError:
        scores.submit("coins", "alice", 5)
    assert ranking.top("coins", 1)[0].score == 5


def test_two_who_change_at_once_both_win(another_process):
    make_board("coins")
    boards.get("coins")
    another_process(lambda: make_board("gems"))
    make_board("laps")
    catalog.forget()
    assert {board.slug for board in boards.all()} == {"coins", "gems", "laps"}


def test_shard_that_was_left_behind_is_repaired(services_store):
    """A process died after it saved a definition and before it told the shards."""
    make_board(entries={"alice": 5})
    for shard in shards.everyone():
        services_store.redis.set(keys.shard_catalog_version(shard), "0")
    assert scores.increment("coins", "alice", 1).score == 6
    assert ranking.size("coins") == 1
    site = services_store.redis.get(keys.catalog_version())
    assert services_store.redis.get(keys.shard_catalog_version(shards.of("alice"))) == site


def test_unknown_board_costs_nobody_else_anything():
    make_board(entries={"alice": 5})
    with pytest.raises(UnknownBoard):
        scores.submit("gems", "alice", 1)
    assert ranking.size("coins") == 1


def test_definitions_are_read_once(services_store):
    make_board(entries={"alice": 5})
    boards.get("coins")
    services_store.stop()
    try:
        assert boards.get("coins").slug == "coins"
        assert len(boards.all()) == 1
    finally:
        services_store.start()


# While everything is replaced


def test_nobody_sees_half_of_the_new_data():
    make_board(entries={"alice": 5})

    def everybody_else() -> None:
        for call in (
            lambda: ranking.top("coins"),
            lambda: scores.submit("coins", "alice", 1),
            lambda: scores.submit_many("coins", {"alice": 1}),
            lambda: boards.all(),
            lambda: make_board("gems"),
            lambda: registration.sign_up("dora", "correct horse"),
            lambda: api_keys.create("game", "write", by="root"),
        ):
            with pytest.raises(Resetting) as refusal:
                call()
            assert refusal.value.retry_after > 0

    with replacing.all_data("new"), ThreadPoolExecutor(1) as other:
        other.submit(everybody_else).result()
    assert ranking.size("coins") == 1
    assert accounts.find("dora") is None
    assert api_keys.all() == []


def test_failed_replacement_stays_closed_until_the_next():
    make_board(entries={"alice": 5})
    with pytest.raises(ZeroDivisionError), replacing.all_data("new"):
        raise ZeroDivisionError
    catalog.forget()
    with pytest.raises(StoreUnavailable):
        ranking.top("coins")
    with replacing.all_data("new"):
        pass
    assert brief(ranking.top("coins")) == [(1, "alice", 5)]


def test_rules_change_again_after_a_replacement(another_process):
    make_board(entries={"alice": 5})
    with replacing.all_data("new"):
        pass
    boards.get("coins")
    another_process(lambda: make_board(combine="best"))
    assert scores.submit("coins", "alice", 3).score == 5
