"""Definitions in Redis: they hold for everybody at once, and what would spoil stored numbers is refused."""

from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from gamify_site.players import services as players
from gamify_site.store import catalog, keys, shards
from leaderboards.definitions import Board
from leaderboards.errors import EditedMeanwhile, UnknownBoard
from leaderboards.services import boards, ranking, scores
from tests.builders import brief, crowd, ids, make_board, make_player, ranks

pytestmark = pytest.mark.usefixtures("services_store")


def test_defined_board_is_found():
    board = make_board("best-lap", name="Best lap", combine="best", order="asc", decimals=2, max_entries=50)
    catalog.forget()
    assert boards.get("best-lap") == board
    assert boards.all() == [board]


def test_boards_are_listed_by_name():
    for slug, name in (("a", "Zebra"), ("b", "apple"), ("c", "Banana")):
        make_board(slug, name=name)
    assert [board.name for board in boards.all()] == ["apple", "Banana", "Zebra"]


def test_no_boards_is_an_empty_list():
    assert boards.all() == []


def test_unknown_board_is_told():
    with pytest.raises(UnknownBoard) as refusal:
        boards.get("coins")
    assert refusal.value.slug == "coins"
    with pytest.raises(UnknownBoard):
        boards.delete("coins")


def test_definition_replaces_the_one_before():
    make_board(max_entries=5, segment_by="country", description="Old")
    replaced = make_board(name="Gold")
    catalog.forget()
    assert boards.get("coins") == replaced
    assert boards.get("coins").max_entries is None


def test_stored_numbers_keep_their_encoding(subtests):
    reason = "This board has entries, which are stored by this rule. Delete the board, or make another one."
    for number, (field, before, after) in enumerate(
        [
            ("order", "desc", "asc"),
            ("decimals", 0, 2),
            ("decimals", 2, 0),
            ("ties", "shared", "earliest"),
            ("ties", "shared", "unlocks"),
            ("ties", "dense", "earliest"),
            ("ties", "earliest", "shared"),
            ("ties", "unlocks", "earliest"),
        ]
    ):
        with subtests.test(field=field, before=before, after=after):
            slug = make_board(f"coins-{number}", **{field: before}, entries={"alice": 5}).slug
            with pytest.raises(ValidationError) as refusal:
                make_board(slug, **{field: after})
            assert refusal.value.message_dict == {field: [reason]}
            assert getattr(boards.get(slug), field) == before
            assert ranking.top(slug, 1)[0].score == 5


def test_board_without_entries_may_change_everything(subtests):
    for field, value in [("order", "asc"), ("decimals", 2), ("ties", "earliest")]:
        with subtests.test(field=field):
            slug = make_board(f"coins-{field}", entries={"alice": 5}).slug
            scores.remove(slug, "alice")
            make_board(slug, **{field: value})
            scores.submit(slug, "alice", 7)
            assert ranking.top(slug, 1)[0].score == 7


def test_entries_of_past_periods_count_as_entries(clock):
    make_board(windows=("day",), entries={"alice": 5})
    clock.advance(days=1)
    with pytest.raises(ValidationError) as refusal:
        make_board(windows=("day",), order="asc")
    assert list(refusal.value.message_dict) == ["order"]


def test_shared_and_dense_may_take_each_others_place():
    make_board(entries={"alice": 9, "bob": 7, "charlie": 7, "dora": 1}, windows=("all", "day"))
    make_board(ties="dense", windows=("all", "day"))
    assert ranks(ranking.top("coins", 4)) == [1, 2, 2, 3]
    assert ranks(ranking.top("coins", 4, window="day")) == [1, 2, 2, 3]
    assert ranking.standing("coins", "dora").rank == 3
    scores.submit("coins", "bob", 1)
    assert ranks(ranking.top("coins", 4)) == [1, 2, 3, 4]
    make_board(ties="shared", windows=("all", "day"))
    scores.submit("coins", "charlie", 1)
    assert ranks(ranking.top("coins", 4)) == [1, 2, 2, 4]
    make_board(ties="dense", windows=("all", "day"))
    assert ranks(ranking.top("coins", 4)) == [1, 2, 2, 3]
    assert ranking.standing("coins", "dora").rank == 3


def test_changed_rule_holds_for_the_next_write():
    make_board(combine="sum", entries={"alice": 5})
    make_board(combine="best")
    assert scores.submit("coins", "alice", 3).score == 5


def test_dropped_window_cannot_be_read_any_more():
    make_board(windows=("all", "day"), entries={"alice": 5})
    make_board(windows=("all",))
    with pytest.raises(ValidationError) as refusal:
        ranking.top("coins", window="day")
    assert refusal.value.message_dict == {"window": ["This board has the windows all."]}


def test_deleted_board_leaves_no_key_of_its_own(services_store, clock):
    make_board("gems", entries={"alice": 1})
    before = {key for key in sorted(services_store.keys()) if "catalog" not in key}
    make_player("alice", country="SE")
    make_board(windows=("all", "day", "week"), segment_by="country", ties="dense", entries=crowd(20))
    scores.submit("coins", "alice", 3)
    clock.advance(days=1)
    scores.submit("coins", "alice", 3)
    boards.delete("coins")
    assert not [key for key in sorted(services_store.keys()) if "coins" in key and ":ranked:" not in key]
    with pytest.raises(UnknownBoard):
        ranking.top("coins")
    assert before <= services_store.keys()
    assert brief(ranking.top("gems")) == [(1, "alice", 1)]
    assert "coins" not in {name.decode() for name in services_store.redis.hkeys(keys.board_versions(0))}


def test_board_made_anew_begins_empty():
    make_board(ties="earliest", entries=crowd(5))
    boards.delete("coins")
    make_board(entries={"alice": 1})
    assert brief(ranking.top("coins")) == [(1, "alice", 1)]


def test_deleted_player_is_off_every_board():
    make_board(windows=("all", "day"), entries={"alice": 5, "bob": 1})
    make_board("gems", ties="dense", entries={"alice": 5, "bob": 1})
    players.delete("alice")
    assert ids(ranking.top("coins")) == ids(ranking.top("coins", window="day")) == ids(ranking.top("gems")) == ["bob"]
    assert ranks(ranking.top("gems")) == [1]


def test_every_key_carries_the_tag_of_its_players_shard(services_store):
    """No key of a player without the shard's tag: one script can reach all that one event touches."""
    make_board(windows=("all", "day"), segment_by="country", ties="dense", max_entries=10)
    for player in crowd(15):
        make_player(player, country="SE", name=player)
    scores.submit_many("coins", crowd(15))
    for key in sorted(services_store.keys()):
        tag = key[1 : key.index("}")]
        assert tag == "gamify" or tag in {f"gamify:{shard}" for shard in shards.everyone()}
        if services_store.redis.type(key) == b"zset" and ":board:" in key:
            for player in services_store.redis.zrange(key, 0, -1):
                assert tag == f"gamify:{shards.of(player.decode())}"


def test_boards_do_not_share_keys_by_their_names():
    """`coins` and `coins-all`, or a board called like a window, stay apart."""
    for slug in ("coins", "coins-all", "all", "players", "board"):
        make_board(slug, entries={"alice": len(slug)})
    for slug in ("coins", "coins-all", "all", "players", "board"):
        assert brief(ranking.top(slug)) == [(1, "alice", len(slug))]
    boards.delete("coins")
    assert brief(ranking.top("coins-all")) == [(1, "alice", 9)]


def test_definition_is_plain_fields_in_redis(services_store):
    make_board(name="Coins", max_entries=50)
    stored = services_store.redis.hgetall(keys.definition("board", "coins"))
    fields = {name.decode(): value.decode() for name, value in stored.items()}
    assert (fields["slug"], fields["name"], fields["max_entries"]) == ("coins", "Coins", "50")
    assert Board.from_fields(fields) == boards.get("coins")


# Two editors


def test_only_what_was_read_is_overwritten():
    read = make_board()
    changed = replace(read, name="Gold")
    boards.define(changed, expected=boards.digest(read))
    for stale in (boards.digest(read), ""):
        with pytest.raises(EditedMeanwhile):
            boards.define(replace(read, name="Silver"), expected=stale)
    assert boards.get("coins") == changed


def test_new_board_takes_nobodys_place():
    board = Board("coins", "Coins")
    boards.define(board, expected=boards.digest(None))
    with pytest.raises(EditedMeanwhile):
        boards.define(replace(board, name="Gold"), expected="")
    boards.delete("coins")
    with pytest.raises(EditedMeanwhile):
        boards.define(board, expected=boards.digest(board))


def test_edit_of_another_process_is_seen_though_this_one_has_not_heard_of_it(monkeypatch):
    read = make_board()
    known = catalog.snapshot()
    boards.define(replace(read, name="Gold"))
    snapshots = iter([known])
    current = catalog.snapshot
    monkeypatch.setattr(catalog, "snapshot", lambda: next(snapshots, None) or current())
    with pytest.raises(EditedMeanwhile):
        boards.define(replace(read, name="Silver"), expected=boards.digest(read))
    assert boards.get("coins").name == "Gold"


def test_edits_since_are_told_as_far_as_the_log_tells_all_of_them():
    first = make_board()
    second, third = replace(first, name="Gold"), replace(first, name="Gold", max_entries=5)
    boards.define(second, by="alice")
    boards.define(third, by="bob")
    boards.define(third, by="bob")
    assert [it.by for it in boards.changes_since("coins", boards.digest(first))] == ["bob", "alice"]
    assert [it.by for it in boards.changes_since("coins", boards.digest(second))] == ["bob"]
    boards.define(replace(third, name="Silver"))
    assert boards.changes_since("coins", boards.digest(third)) == []
    boards.delete("coins", by="charlie")
    assert boards.changes_since("coins", boards.digest(third)) == []


def test_deletion_and_making_are_edits_too():
    board = Board("coins", "Coins")
    boards.define(board, by="alice")
    assert [it.by for it in boards.changes_since("coins", "")] == ["alice"]
    boards.delete("coins", by="bob")
    assert [it.what for it in boards.changes_since("coins", boards.digest(board))] == ["board_deleted"]
