"""Many shards give few rows each; where that was too few, or they are not alike, the answer is the same."""

import random

import pytest
from django.core.exceptions import ValidationError

from gamify_site.players import services as players
from gamify_site.store import shards
from leaderboards.definitions import Standing
from leaderboards.services import places, ranking, scores, searching
from tests.builders import brief, crowd, ids, make_board

pytestmark = pytest.mark.usefixtures("services_store")

SIZE = 400


def clumped(count: int) -> dict[str, int]:
    """Players of whom the best are all on the first shard, the next best on the second, and so on."""
    players = sorted((f"p{number:04}" for number in range(count)), key=lambda it: (shards.of(it), it))
    return {player: count - place for place, player in enumerate(players)}


def tied(count: int) -> dict[str, int]:
    """Players of whom many have the same score."""
    return {f"p{number:04}": number % 7 for number in range(count)}


@pytest.mark.parametrize("entries", [crowd, clumped, tied])
def test_every_window_is_right_however_players_are_spread(entries):
    given = entries(SIZE)
    make_board(entries=given)
    order = sorted(given, key=lambda player: (given[player], player), reverse=True)
    rank = {player: 1 + sum(score > given[player] for score in given.values()) for player in order}
    assert ids(ranking.top("coins", 30)) == order[:30]
    for place in (0, 3, 7, 150, SIZE - 8, SIZE - 2, SIZE - 1):
        first = max(0, min(place - 10, SIZE - 21))
        around = [(rank[player], player, given[player]) for player in order[first : first + 21]]
        assert brief(ranking.around_player("coins", order[place], 10)) == around
        assert brief(ranking.around_rank("coins", place + 1, 10)) == around
        position = rank[order[place]]
        expected = Standing(position, given[order[place]], SIZE, 100 * (SIZE - position + 1) / SIZE)
        assert ranking.standing("coins", order[place]) == expected


@pytest.mark.parametrize("entries", [crowd, clumped, tied])
def test_pages_have_no_gap_however_players_are_spread(entries):
    given = entries(SIZE)
    make_board(entries=given)
    found, cursor = ranking.page("coins", limit=35)
    while cursor:
        rows, cursor = ranking.page("coins", after=cursor, limit=35)
        found += rows
    assert ids(found) == sorted(given, key=lambda player: (given[player], player), reverse=True)


def test_shards_are_asked_again_for_what_they_kept_back(monkeypatch):
    make_board(entries=crowd(SIZE))
    expected = [brief(ranking.top("coins", 50)), brief(ranking.around_player("coins", "p0200", 20))]
    monkeypatch.setattr(places, "share", lambda rows: rows if shards.count() == 1 else min(1, rows))
    assert [brief(ranking.top("coins", 50)), brief(ranking.around_player("coins", "p0200", 20))] == expected
    rows, _cursor = ranking.page("coins", after=ranking.page("coins", limit=20)[1], limit=20)
    assert ids(rows) == [f"p{rank:04}" for rank in range(21, 41)]


def test_a_rank_is_found_without_guessing(monkeypatch):
    make_board(entries=clumped(SIZE))
    expected = [brief(ranking.around_rank("coins", rank, 2)) for rank in (1, 77, 398, 5000)]
    monkeypatch.setattr(searching, "GUESSES", 0)
    assert [brief(ranking.around_rank("coins", rank, 2)) for rank in (1, 77, 398, 5000)] == expected


def test_guessing_that_does_not_get_there_leaves_a_search_between_the_guesses(monkeypatch):
    make_board(entries=clumped(SIZE))
    monkeypatch.setattr(searching, "REACH", 0)
    monkeypatch.setattr(searching, "GUESSES", 2)
    for rank in random.Random(1).sample(range(1, SIZE + 1), 12):
        assert ids(ranking.around_rank("coins", rank, 0)) == ids(ranking.page("coins", limit=rank)[0])[-1:]


def test_rows_that_a_page_begins_behind_are_known_by_their_cursor():
    make_board(entries=crowd(SIZE))
    (row,) = ranking.around_rank("coins", 99, 0)
    rows, _cursor = ranking.page("coins", after=ranking.cursor_behind(row, "coins"), limit=2)
    assert ids(rows) == ["p0100", "p0101"]


def test_only_those_who_wrote_something_are_noted_as_seen():
    make_board(entries={"alice": 1})
    greatest = 2**53 - 1
    with pytest.raises(ValidationError, match="left out: alice"):
        scores.submit_many("coins", [("alice", greatest), ("bob", 2), ("alice", greatest), ("charlie", 3)])
    assert brief(ranking.top("coins", 3)) == [(1, "charlie", 3), (2, "bob", 2), (3, "alice", 1)]
    assert players.get_many(["alice", "bob", "charlie"]).keys() == {"alice", "bob", "charlie"}
    make_board("gems")
    with pytest.raises(ValidationError, match="left out: dora"):
        scores.submit_many("gems", [("dora", greatest), ("dora", greatest)])
    assert brief(ranking.top("gems", 1)) == [(1, "dora", greatest)]
