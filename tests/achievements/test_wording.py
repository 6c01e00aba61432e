"""Rarity in words, as pages show it."""

from achievements import wording


def test_rarity_in_words(subtests):
    for holders, players, words in [
        (0, 19, "Not enough data"),
        (1, 20, "Rare: 5.0 % of players"),
        (9, 1000, "Legendary: 0.9 % of players"),
        (49, 1000, "Epic: 4.9 % of players"),
        (0, 100, "Legendary: 0 % of players"),
        (1, 100_000, "Legendary: <0.1 % of players"),
        (49, 100, "Uncommon: 49 % of players"),
        (50, 100, "Common: 50 % of players"),
    ]:
        with subtests.test(holders=holders, players=players):
            assert wording.rarity(holders, players) == words
