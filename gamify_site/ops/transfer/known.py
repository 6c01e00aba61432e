"""What definitions say of names: which boards there are, what can be unlocked, by what a player's keys are named."""

from dataclasses import dataclass, field

from achievements.definitions import Achievement
from achievements.services import catalog
from gamify_site.ops.transfer.checks import Wrong
from leaderboards.definitions import Board
from leaderboards.services import boards


@dataclass(slots=True)
class Known:
    """Boards and achievements by slug; `releases` are what can be unlocked, `names` all that slugs and releases are.

    Players have keys named by `streaks` and `collections` (achievements), `actions` (of streaks) and `boards`.
    """

    boards: dict[str, Board] = field(default_factory=dict)
    achievements: dict[str, Achievement] = field(default_factory=dict)
    releases: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    streaks: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    collections: set[str] = field(default_factory=set)

    def add_board(self, board: Board) -> None:
        """One board more."""
        self.boards[board.slug] = board

    def add_achievement(self, achievement: Achievement) -> None:
        """One achievement more. With the first comes the built-in board. Raises `Wrong` for a name that is taken."""
        for taken in sorted(catalog.names(achievement) & self.names):
            raise Wrong(f"{taken} is the name of another achievement or tier")
        self.names |= catalog.names(achievement)
        self.achievements[achievement.slug] = achievement
        self.releases.update(release.slug for release in achievement.releases())
        self.boards.setdefault(boards.POINTS, boards.BUILT_IN)
        if achievement.type == "collection":
            self.collections.add(achievement.slug)
        if achievement.type == "streak":
            self.streaks.add(achievement.slug)
            self.actions.add(str(achievement.action))


def stored() -> Known:
    """By the definitions that hold now. No round trip while no definition has changed."""
    known = Known()
    for board in boards.all():
        known.add_board(board)
    for achievement in catalog.all():
        known.add_achievement(achievement)
    return known
