"""Limits, ranks, cursors, player ids and board slugs that the readers refuse before they send a command.

The checks are in Python, the same on any data store and with any number of shards, so one store is enough.
"""

import pytest
from django.core.exceptions import ValidationError

from leaderboards.errors import UnknownBoard
from leaderboards.services import ranking
from tests.builders import crowd, make_board

pytestmark = pytest.mark.usefixtures("store")


def test_top_beyond_what_one_answer_holds_is_refused_with_the_field(subtests):
    make_board()
    for limit in (-1, 1001, 100_000, True, "10", 2.5, None):
        with subtests.test(limit=limit):
            with pytest.raises(ValidationError) as refusal:
                ranking.top("coins", limit)
            assert refusal.value.message_dict == {"top": ["Enter a whole number from 0 to 1000."]}


def test_rank_that_cannot_be_is_refused_with_the_field(subtests):
    make_board()
    for rank in (0, -1, 10**16, True, "5", 1.5):
        with subtests.test(rank=rank):
            with pytest.raises(ValidationError) as refusal:
                ranking.around_rank("coins", rank)
            assert refusal.value.message_dict == {"rank": ["Enter a whole number from 1 to 1000000000000000."]}


def test_around_beyond_what_one_answer_holds_is_refused_with_the_field(subtests):
    make_board()
    for around in (-1, 1001, "5", True):
        with subtests.test(around=around):
            with pytest.raises(ValidationError) as refusal:
                ranking.around_player("coins", "alice", around)
            assert refusal.value.message_dict == {"around": ["Enter a whole number from 0 to 1000."]}


def test_page_beyond_what_one_answer_holds_is_refused_with_the_field(subtests):
    make_board()
    for limit in (0, -1, 1001, True):
        with subtests.test(limit=limit):
            with pytest.raises(ValidationError) as refusal:
                ranking.page("coins", limit=limit)
            assert refusal.value.message_dict == {"limit": ["Enter a whole number from 1 to 1000."]}


def test_bad_cursor_is_refused_with_the_field(subtests):
    make_board(entries=crowd(3))
    for cursor in ("", "x", "!!!!", "=", "bm9wZQ", "1~alice", "ÿ", "MX5hL2I", "A" * 5000, "MX4"):
        with subtests.test(cursor=cursor[:50]):
            with pytest.raises(ValidationError) as refusal:
                ranking.page("coins", after=cursor)
            assert refusal.value.message_dict == {"after": ["This is not a place that this board gave out."]}


def test_bad_player_id_is_refused_with_the_field(subtests):
    make_board()
    reason = "A player id has 1 to 64 letters, digits or _ . : @ | - and begins with a letter or digit."
    for read in (ranking.standing, ranking.around_player):
        for player in ("", "a" * 65, "al/ice", "alice\n", "álice"):
            with subtests.test(read=read.__name__, player=player):
                with pytest.raises(ValidationError) as refusal:
                    read("coins", player)
                assert refusal.value.message_dict == {"player": [reason]}


def test_bad_segment_is_refused_with_the_field(subtests):
    make_board(segment_by="country")
    length, control = "1 to 64 characters", "must not hold control characters"
    for segment, reason in (("", length), ("x" * 65, length), ("S\x00E", control), ("S\nE", control)):
        with subtests.test(segment=segment):
            with pytest.raises(ValidationError) as refusal:
                ranking.top("coins", 5, segment=segment)
            assert list(refusal.value.message_dict) == ["segment"]
            assert reason in refusal.value.messages[0]


def test_board_without_segments_refuses_one():
    make_board()
    with pytest.raises(ValidationError) as refusal:
        ranking.top("coins", 5, segment="SE")
    assert refusal.value.message_dict == {"segment": ["This board has no segments."]}


def test_every_reader_tells_an_unknown_board(subtests):
    reads = {
        "top": lambda: ranking.top("nothing"),
        "around_player": lambda: ranking.around_player("nothing", "alice"),
        "around_rank": lambda: ranking.around_rank("nothing", 1),
        "standing": lambda: ranking.standing("nothing", "alice"),
        "size": lambda: ranking.size("nothing"),
        "page": lambda: ranking.page("nothing"),
        "view": lambda: ranking.view("nothing", window="all"),
        "version": lambda: ranking.version("nothing"),
    }
    for name, read in reads.items():
        with subtests.test(read=name):
            with pytest.raises(UnknownBoard) as refusal:
                read()
            assert refusal.value.slug == "nothing"
