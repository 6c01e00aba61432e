"""Finding the entry at an index of a board that lies on many shards: guesses first, else a search."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gamify_site.store import catalog, shards
from leaderboards.definitions import Board
from leaderboards.services import places
from leaderboards.services.places import Asked, Entry

SAMPLES = 64  # entries that each shard names in one step of the search for a rank
GUESSES = 4  # before that search
REACH = 12  # entries of each shard on either side of a guess


def at_index(board: Board, suffix: str, index: int) -> Entry | None:
    """The entry at an index (from 0) over all shards, the last one beyond the end; None on an empty board.

    Each shard names the entry that would be it if all shards were alike; the middle one of those is near, and how far
    off it is tells the next guess. An error of n places becomes one of about √n, so that two guesses do for millions.
    Two round trips a guess; where guessing does not lead there, because shards are not alike, a search does.
    """
    low: Entry | None = None
    high: Entry | None = None
    indexes = [index // shards.count()] * shards.count()
    for _ in range(GUESSES):
        guess = _guess(board, suffix, indexes)
        if guess is None:
            return None
        answers = places.read(board, suffix, top=0, place=_place(guess) | {"before": REACH, "after": REACH + 1})
        target = min(index, sum(answer.size for answer in answers) - 1)
        if places.has_window(answers, target, 1):
            found = [answer.around for answer in answers if answer.around]
            return places.merge([part.entries for part in found])[target - sum(part.first for part in found)]
        positions = [answer.around.position if answer.around else 0 for answer in answers]
        off = target - sum(positions)
        low, high = (min(low or guess, guess), high) if off > 0 else (low, max(high or guess, guess))
        indexes = [position + round(off / shards.count()) for position in positions]
    return _search(board, suffix, index, low, high)


def _guess(board: Board, suffix: str, indexes: Sequence[int]) -> Entry | None:
    """The middle one of the entries that the shards have at some indexes, each at its own."""
    nothing_around = {"before": 0, "after": 0}
    asked = [
        (shard, Asked(board, suffix, 0, nothing_around | {"index": max(0, index)}))
        for shard, index in enumerate(indexes)
    ]
    found = sorted(Entry(it.around.order, it.around.player) for it in places.read_from(asked) if it.around)
    return found[len(found) // 2] if found else None


def _place(entry: Entry) -> dict[str, Any]:
    return {"order": str(entry.order), "player": entry.player}


def _search(board: Board, suffix: str, index: int, low: Entry | None, high: Entry | None) -> Entry | None:
    """The same between two entries, or from the first, or to the last one.

    Each shard names evenly spaced entries of the span that is left; those bound where the index can lie, and the span
    shrinks about thirtyfold a step. One round trip a step, O(log size) steps.
    """
    while True:
        spans = _samples(board, suffix, low, high)
        before = sum(span.first for span in spans)
        total = sum(span.behind - span.first for span in spans)
        if total == 0:
            return low
        target = min(max(index, before), before + total - 1)
        if all(span.is_complete for span in spans):
            everyone = places.merge([[entry for _, entry in span.samples] for span in spans])
            return everyone[target - before]
        new_low, new_high = _narrow(spans, target)
        if (new_low or low, new_high or high) == (low, high):
            return low
        low, high = new_low or low, new_high or high


@dataclass(frozen=True, slots=True)
class _Span:
    """Samples of one shard between two places: index and entry, best first."""

    first: int
    behind: int
    samples: list[tuple[int, Entry]]

    @property
    def is_complete(self) -> bool:
        return len(self.samples) == self.behind - self.first

    def bounds(self, place: Entry) -> tuple[int, int]:
        """The least and the greatest number of entries of this shard that come before the place."""
        least, most = self.first, self.behind
        for index, entry in self.samples:
            if (entry.order, entry.player) > (place.order, place.player):
                least = index + 1
            else:
                most = index
                break
        return least, most


def _samples(board: Board, suffix: str, low: Entry | None, high: Entry | None) -> list[_Span]:
    request: dict[str, Any] = {"board": board.slug, "suffix": suffix, "samples": SAMPLES}
    for name, entry in (("from", low), ("to", high)):
        if entry:
            request[name] = _place(entry)
    text = json.dumps(request)
    replies = catalog.run(
        "leaderboards/sample_board", [(shard, text) for shard in shards.everyone()], lambda it: [it], repeatable=True
    )
    return [
        _Span(
            first,
            behind,
            [
                (index, Entry(places.order_value(order), player.decode()))
                for index, player, order in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
            ],
        )
        for first, behind, *flat in replies
    ]


def _narrow(spans: list[_Span], target: int) -> tuple[Entry | None, Entry | None]:
    """The last sample that surely is not behind the target index, and the first that surely is."""
    low: Entry | None = None
    for sample in places.merge([[entry for _, entry in span.samples] for span in spans]):
        bounds = [span.bounds(sample) for span in spans]
        if sum(most for _, most in bounds) <= target:
            low = sample
        elif sum(least for least, _ in bounds) > target:
            return low, sample
    return low, None
