"""Reading boards: top, around, standing, pages. Exact over any number of shards."""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask, client, guarded, patiently
from leaderboards import windows
from leaderboards.definitions import Board, BoardView, Row, Standing
from leaderboards.services import boards, places

MOST_ROWS = 1000
LONGEST_SEGMENT = 64
LONGEST_ORDER = 17  # characters of ±2^53


def top(
    slug: str, limit: int = 10, *, window: str | None = None, period: str | None = None, segment: str | None = None
) -> list[Row]:
    """The first rows, best first; `limit` is 1 to 1000.

    The window is `all` (or the board's first) and the period the current one unless given. Raises `UnknownBoard`,
    `ValidationError` (with the field) and `StoreUnavailable`. One round trip; O(limit + log size) per shard.
    """
    return list(view(slug, window=window, period=period, segment=segment, top=limit, around=0).top)


def around_player(
    slug: str,
    player: str,
    around: int = 5,
    *,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
) -> list[Row]:
    """`around` rows above the player, the player's, and as many below, shifted at either end so that it stays full.

    Empty where the player is not on the board. Errors as `top`. One round trip with one shard, else 2.
    """
    found = view(slug, window=window, period=period, segment=segment, top=0, around=around, player=player)
    return list(found.around)


def around_rank(
    slug: str,
    rank: int,
    around: int = 5,
    *,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
) -> list[Row]:
    """The same around the entry at a place, counted from 1; beyond the end it is the last one.

    Errors as `top`. One round trip with one shard; with more, O(log size) steps of a search, about 5 at 10 million.
    """
    found = view(slug, window=window, period=period, segment=segment, top=0, around=around, rank=rank)
    return list(found.around)


def standing(
    slug: str, player: str, *, window: str | None = None, period: str | None = None, segment: str | None = None
) -> Standing | None:
    """The player's place; None where the player is not on the board. Errors and cost as `around_player`."""
    ask = _Question.make(slug, window, period, segment)
    check_player_id(player)
    if shards.count() > 1 and (ask.board.ties == "dense" or ask.board.max_entries is not None):
        return view(slug, window=window, period=period, segment=segment, top=0, around=0, player=player).standing
    return _standing_by_counting(ask, player)


def size(slug: str, *, window: str | None = None, period: str | None = None, segment: str | None = None) -> int:
    """How many players are on the board. Errors as `top`. One round trip; O(1) per shard."""
    return view(slug, window=window, period=period, segment=segment, top=0, around=0).size


def page(
    slug: str,
    *,
    after: str | None = None,
    limit: int = 50,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
) -> tuple[list[Row], str | None]:
    """The next `limit` (1 to 1000) rows behind a cursor, and the cursor of the page behind; None at the end.

    A cursor is a place, not an offset: however deep, a page costs the same, and it stays right while rows move.
    Errors as `top`, with `after` for a bad cursor. One round trip, with many shards at times 2; O(limit + log size).
    """
    ask = _Question.make(slug, window, period, segment)
    limit = _within("limit", limit, 1, MOST_ROWS)
    place: dict[str, Any] | None = None
    if after is not None:
        order, player = _read_cursor(after)
        place = {"order": str(order), "player": player, "before": 0, "skip": 1}
    for most in dict.fromkeys((places.share(limit), limit)):
        behind = place | {"after": most} if place else None
        answers = places.read(ask.board, ask.suffix, top=0 if place else most, place=behind)
        start = sum(answer.around.first for answer in answers if answer.around)
        count = min(limit, _visible_size(ask.board, answers) - start)
        if places.has_window(answers, start, count) if place else places.has_first(answers, count):
            break
    if place is None:
        entries = places.merge([answer.top for answer in answers])[:count]
        found = places.rows(ask.board, entries, 0, 0, 0)
    else:
        entries, found = _window(ask, answers, start, count)
    is_last = not entries or start + len(entries) >= _visible_size(ask.board, answers)
    return found, None if is_last else _cursor(entries[-1])


def view(
    slug: str,
    *,
    window: str | None = None,
    period: str | None = None,
    segment: str | None = None,
    top: int = 10,
    around: int = 5,
    player: str | None = None,
    rank: int | None = None,
) -> BoardView:
    """All that a board page shows: the top, the rows around `rank` or else around the player, the player's standing.

    Errors as `top`. One round trip with one shard; with more, 2 for a player and a few for a rank.
    """
    ask = _Question.make(slug, window, period, segment)
    top = _within("top", top, 0, MOST_ROWS)
    around = _within("around", around, 0, MOST_ROWS)
    mine = _places_of_players([(ask, check_player_id(player))])[0] if player is not None else None
    asked = _place_of_rank(ask, _within("rank", rank, 1, 10**15)) if rank is not None else mine
    shown = _view(ask, _read([_Part(ask, top, around, asked)])[0], top, around)
    if rank is None:
        return shown
    standing = _around(ask, _read([_Part(ask, 0, 0, mine)])[0], 0)[1] if mine else None
    return replace(shown, standing=standing)


def views(
    slugs: Sequence[str],
    *,
    top: int = 1,
    around: int = 0,
    player: str | None = None,
    among: Mapping[str, Collection[str]] | None = None,
) -> list[BoardView]:
    """The same of several boards at once, each in its main window and current period.

    `among` names for some boards the players who are to be ranked among themselves. Errors as `top`. One round trip
    for all with one shard; with more, 2.
    """
    named = among or {}
    asks = [_Question.make(slug, None, None, None) for slug in slugs]
    if player is None:
        mine: list[dict[str, Any] | None] = [None] * len(asks)
    else:
        mine = _places_of_players([(ask, check_player_id(player)) for ask in asks])
    parts = [
        _Part(ask, top, around, place, named.get(ask.board.slug, ())) for ask, place in zip(asks, mine, strict=True)
    ]
    return [_view(ask, answers, top, around) for ask, answers in zip(asks, _read(parts), strict=True)]


def around_players(
    slug: str, players: Sequence[str], around: int = 5, *, window: str | None = None
) -> dict[str, BoardView]:
    """For each of some players the rows around, the standing and the size; who is not on the board has no rows.

    Errors as `top`. One round trip for all with one shard; with more, 2.
    """
    ask = _Question.make(slug, window, None, None)
    mine = _places_of_players([(ask, check_player_id(player)) for player in players])
    answers = _read([_Part(ask, 0, around, place) for place in mine])
    return {player: _view(ask, found, 0, around) for player, found in zip(players, answers, strict=True)}


def _view(ask: "_Question", answers: list[places.Answer], top: int, around: int) -> BoardView:
    entries = places.merge([answer.top for answer in answers])[: min(top, _visible_size(ask.board, answers))]
    around_rows, standing = _around(ask, answers, around)
    return BoardView(
        board=ask.board,
        window=ask.window,
        period=ask.period,
        segment=ask.segment,
        size=_visible_size(ask.board, answers),
        version=_join_versions(catalog.snapshot().version, [answer.version for answer in answers]),
        top=tuple(places.rows(ask.board, entries, 0, 0, 0)),
        around=tuple(around_rows),
        standing=standing,
        among=tuple(places.among(ask.board, answers)),
    )


def version(slug: str) -> str:
    """What a rendered board depends on besides the question asked: it changes whenever rows, names or rules may have.

    Raises `UnknownBoard`. One round trip; O(1) per shard.
    """
    boards.get(slug)

    def ask() -> list[Any]:
        pipeline = client().pipeline(transaction=False)
        pipeline.get(keys.shard_catalog_version(0))
        for shard in shards.everyone():
            pipeline.hmget(keys.board_versions(shard), slug, "*")
        return pipeline.execute()

    with guarded():
        catalog_version, *found = patiently(ask)
    parts = [f"{(rows or b'0').decode()}.{(profiles or b'0').decode()}" for rows, profiles in found]
    return _join_versions((catalog_version or b"0").decode(), parts)


class Choices(NamedTuple):
    """What there is to choose from on a board, and the lowest order value of the set that is shown.

    Periods that have been written to and are still kept, newest first; the values of the segment field, sorted.
    """

    periods: list[str]
    segments: list[str]
    lowest: int | None


def choices(slug: str, window: str | None = None, period: str | None = None, segment: str | None = None) -> Choices:
    """The periods and segments of a board, and where a set begins. Errors as `top`. One round trip."""
    asked = _Question.make(slug, window, period, segment)
    whole = windows.suffix(asked.window, asked.period)
    everyone = list(shards.everyone())
    replies = ask(
        [("zrangebyscore", keys.board_windows(shard, slug), clock.now().timestamp(), "+inf") for shard in everyone]
        + [("smembers", keys.board_segments(shard, slug, whole)) for shard in everyone]
        + [("zrange", keys.board(shard, slug, asked.suffix), 0, 0, False, True) for shard in everyone]
    )
    kept, names, lowest = (replies[start : start + len(everyone)] for start in range(0, len(replies), len(everyone)))
    start = f"{asked.board.segment_by}="
    return Choices(
        _periods(asked, {suffix.decode() for part in kept for suffix in part}),
        sorted(
            {name.decode().removeprefix(start) for part in names for name in part if name.decode().startswith(start)}
        ),
        min((int(entry[1]) for part in lowest for entry in part), default=None),
    )


def _periods(asked: "_Question", kept: AbstractSet[str]) -> list[str]:
    if asked.window == "season":
        return windows.begun_seasons(asked.board, clock.now())
    return sorted((name for name in kept if windows.span(asked.board, asked.window, name)), reverse=True)


@dataclass(frozen=True, slots=True)
class _Question:
    """Which ranked set of which board is asked for."""

    board: Board
    window: str
    period: str
    segment: str | None
    suffix: str

    @classmethod
    def make(cls, slug: str, window: str | None, period: str | None, segment: str | None) -> "_Question":
        board = boards.get(slug)
        window, period = windows.resolve(board, window, period, clock.now())
        if segment is not None and not board.segment_by:
            raise ValidationError({"segment": _("This board has no segments.")})
        if segment is not None and (not segment or len(segment) > LONGEST_SEGMENT or not segment.isprintable()):
            raise ValidationError(
                {"segment": _("Enter a text of 1 to %(most)s characters.") % {"most": LONGEST_SEGMENT}}
            )
        suffix = windows.with_segment(windows.suffix(window, period), board, segment)
        return cls(board, window, period, segment, suffix)


def _places_of_players(asked: Sequence[tuple[_Question, str]]) -> list[dict[str, Any] | None]:
    """The places to ask all shards for; with more than one, the player's own shard says first where they are."""
    if shards.count() == 1:
        return [{"player": player} for _, player in asked]
    nothing_around = {"before": 0, "after": 0}
    at_home = [
        (player, places.Asked(ask.board, ask.suffix, 0, nothing_around | {"player": player})) for ask, player in asked
    ]
    found = zip(asked, places.read_at_home(at_home), strict=True)
    return [
        {"order": str(answer.around.order), "player": player} if answer.around else None
        for (_, player), answer in found
    ]


def _place_of_rank(ask: _Question, rank: int) -> dict[str, Any] | None:
    most = min(rank, ask.board.max_entries or rank)
    if shards.count() == 1:
        return {"index": most - 1}
    entry = places.at_index(ask.board, ask.suffix, most - 1)
    return {"order": str(entry.order), "player": entry.player} if entry else None


def _standing_by_counting(ask: _Question, player: str) -> Standing | None:
    """The same without any rows; not on many shards where levels or the limit of the board ask for more.

    One round trip with one shard, else 2.
    """
    place = {"player": player, "before": 0, "after": 0}
    (home,) = places.read_at_home([(player, places.Asked(ask.board, ask.suffix, 0, place))])
    found = home.around
    if found is None or found.position >= _visible_size(ask.board, [home]):
        return None
    size, better = _visible_size(ask.board, [home]), found.better
    if shards.count() > 1:
        others, better_elsewhere = places.count_elsewhere(ask.board, ask.suffix, shards.of(player), found.order)
        size, better = size + others, better + better_elsewhere
    return _standing(ask.board, found.order, better, size, found.levels if ask.board.ties == "dense" else better)


class _Part(NamedTuple):
    """A part of a ranked set that is shown: the first rows, those around a place, those of some players."""

    ask: _Question
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
        most = min(self.top, _visible_size(self.ask.board, answers))
        return places.has_first(answers, most) and places.has_window(answers, first, count)


def _read(parts: Sequence[_Part]) -> list[list[places.Answer]]:
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


def _span(ask: _Question, answers: list[places.Answer], around: int) -> tuple[int, int]:
    """The index of the first row around the place that was asked for, and how many rows there are; 0 rows of none."""
    found = [answer.around for answer in answers if answer.around]
    size = _visible_size(ask.board, answers)
    position = sum(part.position for part in found)
    if not found or position >= size:
        return 0, 0
    first = max(0, min(position - around, size - (2 * around + 1)))
    return first, min(2 * around + 1, size - first)


def _around(ask: _Question, answers: list[places.Answer], around: int) -> tuple[list[Row], Standing | None]:
    """The rows around the place that was asked for, and its standing; nothing where it is not on the board."""
    first, count = _span(ask, answers, around)
    if not count:
        return [], None
    found = [answer.around for answer in answers if answer.around]
    size = _visible_size(ask.board, answers)
    _entries, shown = _window(ask, answers, first, count)
    better = sum(part.better for part in found)
    order = found[0].order
    levels = _levels(ask, found[0].levels, order) if ask.board.ties == "dense" else better
    return shown, _standing(ask.board, order, better, size, levels)


def _standing(board: Board, order: int, better: int, size: int, levels: int) -> Standing:
    """Of an order value: `better` entries are above it, which rank as so many `levels`."""
    return Standing(1 + levels, board.score_of(order), size, 100 * (size - better) / size)


def _window(
    ask: _Question, answers: list[places.Answer], first: int, count: int
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


def _levels(ask: _Question, on_lone_shard: int, order: int) -> int:
    return on_lone_shard if shards.count() == 1 else places.count_levels(ask.board, ask.suffix, order)


def _visible_size(board: Board, answers: list[places.Answer]) -> int:
    total = sum(answer.size for answer in answers)
    return min(total, board.max_entries or total)


def _join_versions(catalog_version: str, parts: list[str]) -> str:
    return ":".join([catalog_version, *parts])


def _within(field: str, value: object, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValidationError(
            {field: _("Enter a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}}
        )
    return value


def cursor_behind(row: Row, slug: str) -> str:
    """The cursor of the page that begins behind a row, on boards whose equal scores share a rank. No round trip."""
    board = boards.get(slug)
    return _cursor(places.Entry(board.sign * board.to_units(row.score) << board.tie_bits, row.player))


def _cursor(entry: places.Entry) -> str:
    return base64.urlsafe_b64encode(f"{entry.order}~{entry.player}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[int, str]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)).decode("ascii")
        order, _separator, player = text.partition("~")
        if len(order) <= LONGEST_ORDER:
            return int(order), check_player_id(player)
    except (ValueError, binascii.Error, ValidationError):
        pass
    raise ValidationError({"after": _("This is not a place that this board gave out.")})
