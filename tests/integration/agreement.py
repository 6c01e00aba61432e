"""What is reported under load, and whether the store then has exactly what the model has."""

from collections.abc import Iterable
from datetime import datetime

from achievements.definitions import Tier
from achievements.services import integrity, states
from gamify_site.ops import integrity as key_integrity
from leaderboards.services import integrity as board_integrity
from leaderboards.services import ranking
from tests.achievements.builders import make
from tests.achievements.model import Model
from tests.builders import make_board
from tests.integration import reporting

TIERS = tuple(Tier(f"t{number}", f"T{number}", 10 * number, number) for number in range(1, 9))


def define() -> Model:
    """Achievements of all types and a board, in the store and in the model."""
    board = make_board("coins", action="coin", windows=("all", "day"))
    return Model(
        boards={board.slug: board},
        definitions={
            item.slug: item
            for item in (
                make("first", type="milestone", action="login", target=1),
                make("saver", target=300, prerequisites=("first",)),
                make("picker", measure="count", target=40),
                make("relics", type="collection", action="relic", items=reporting.ITEMS, target=4),
                make("week", type="streak", action="login", target=5, freezes=1),
                make("slayer", type="tiered", action="boss", measure="count", target=80, points=0, tiers=TIERS),
                make("any", type="meta", action=None, target=6, points=90),
            )
        },
    )


def count_once(model: Model, sent: Iterable[reporting.Batch], now: datetime) -> None:
    """The model applies what one reporter has sent, a batch with a key only once."""
    for batch in {batch.key or place: batch for place, batch in enumerate(sent)}.values():
        model.record(batch.events, now)


def assert_agreement(model: Model) -> None:
    """The store has what the model has, and agrees with itself."""
    for player, expected in model.players.items():
        state = states.read(player)
        assert dict(state.progress) == expected.progress
        assert {slug: unlock.points for slug, unlock in state.unlocked.items()} == {
            slug: unlock.points for slug, unlock in expected.unlocked.items()
        }
        assert ranking.standing("coins", player).score == model.entries["coins", "all"][player][0]
        assert ranking.standing("achievement-points", player).score == expected.points
    assert not [*integrity.check(), *board_integrity.check(), *key_integrity.check()]
