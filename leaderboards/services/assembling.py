"""From what each shard says of a ranked set to the rows and the standing that are shown."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from gamify_site.store import shards
from leaderboards.definitions import Board, Row, Standing
from leaderboards.services import places
from leaderboards.services.questions import Question


class Part(NamedTuple):
    """A part of a ranked set that is shown: the first rows, those around a place, those of some players."""

    ask: Question
    top: int
    around: int
    place: dict[str, Any] | None
    players: Collection[str] = ()

    def asked(self, top: int, reach: int) -> places.Asked:
        """The same with so many rows of each shard: the first, and on either side of the place."""
        place = self.place and self.place | {"before": reach, "after": reach + 1}
        return places.Asked(self.ask.board, self.ask.suffix, top, place, self.players)

    def is_in(self, answers: list[places.Answer]) -> bool:
        """Whether each shard has given all of its rows that are shown."""
        first, count = _span(self.ask, answers, self.around)
        most = min(self.top, visible_size(self.ask.board, answers))
        return places.has_first(answers, most) and places.has_window(answers, first, count)


def read(parts: Sequence[Part]) -> list[list[places.Answer]]:
    """What all shards say of each part.

    One shard gives the very rows. Of many each gives as many as it has by far the most often; where that was too few
    in a part, it is asked again for as many as any could need.
    """
    if shards.count() == 1:
        return places.read_many([part.asked(part.top, part.around) for part in parts])
    answers = places.read_many([part.asked(places.share(part.top), places.share(part.around)) for part in parts])
    short = [index for index, part in enumerate(parts) if not part.is_in(answers[index])]
    full = [parts[index].asked(parts[index].top, 2 * parts[index].around) for index in short]
    for index, whole in zip(short, places.read_many(full) if full else (), strict=True):
        answers[index] = whole
    return answers


def _span(ask: Question, answers: list[places.Answer], around: int) -> tuple[int, int]:
    """The index of the first row around the place that was asked for, and how many rows there are; 0 rows of none."""
    found = [answer.around for answer in answers if answer.around]
    size = visible_size(ask.board, answers)
    position = sum(part.position for part in found)
    if not found or position >= size:
        return 0, 0
    first = max(0, min(position - around, size - (2 * around + 1)))
    return first, min(2 * around + 1, size - first)


def rows_around(ask: Question, answers: list[places.Answer], around: int) -> tuple[list[Row], Standing | None]:
    """The rows around the place that was asked for, and its standing; nothing where it is not on the board."""
    first, count = _span(ask, answers, around)
    if not count:
        return [], None
    found = [answer.around for answer in answers if answer.around]
    size = visible_size(ask.board, answers)
    _entries, shown = rows_from(ask, answers, first, count)
    better = sum(part.better for part in found)
    order = found[0].order
    levels = _levels(ask, found[0].levels, order) if ask.board.ties == "dense" else better
    return shown, standing(ask.board, order, better, size, levels)


def standing(board: Board, order: int, better: int, size: int, levels: int) -> Standing:
    """That of an order value: `better` entries are above it, which rank as so many `levels`."""
    return Standing(1 + levels, board.score_of(order), size, 100 * (size - better) / size)


def rows_from(
    ask: Question, answers: list[places.Answer], first: int, count: int
) -> tuple[list[places.Entry], list[Row]]:
    """The entries from the index `first` on, out of what the shards gave around a place, and their rows."""
    found = [answer.around for answer in answers if answer.around]
    entries = places.merge([part.entries for part in found])
    offset = max(0, first - sum(part.first for part in found))
    entries = entries[offset : offset + max(0, count)]
    if not entries:
        return [], []
    order = entries[0].order
    better = sum(part.better_than(order) for part in found)
    levels = _levels(ask, found[0].first_levels, order) if ask.board.ties == "dense" else 0
    return entries, places.rows(ask.board, entries, first, better, levels)


def _levels(ask: Question, on_lone_shard: int, order: int) -> int:
    return on_lone_shard if shards.count() == 1 else places.count_levels(ask.board, ask.suffix, order)


def visible_size(board: Board, answers: Sequence[places.Answer]) -> int:
    """How many entries all shards have, at most as many as the board may have."""
    total = sum(answer.size for answer in answers)
    return min(total, board.max_entries or total)
