"""Avatars: always the same for a player, seldom the same for two, never empty."""

import re

from gamify_site.players.avatars import avatar, pattern

PLAYERS = [f"player-{number}" for number in range(2000)]


def filled(path: str) -> int:
    return sum(int(width) for width in re.findall(r"h(\d)v", path))


def test_avatar_follows_from_the_id():
    assert avatar("alice") == avatar("alice") != avatar("bob")
    assert "tone-3" in avatar("alice", "tone-3")


def test_patterns_are_neither_empty_nor_full():
    assert {6 <= filled(pattern(player)) <= 20 for player in PLAYERS} == {True}


def test_few_players_look_the_same():
    assert len({avatar(player) for player in PLAYERS}) > 0.98 * len(PLAYERS)
