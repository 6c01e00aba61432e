"""Reading boards: top, around, standing, pages. Exact over any number of shards."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, NamedTuple

from gamify_site import clock
from gamify_site.identifiers import check_player_id
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask, client, guarded, patiently
from leaderboards import windows
from leaderboards.definitions import BoardView, Row, Standing
from leaderboards.services import assembling, boards, places, searching
from leaderboards.services.assembling import Part
from leaderboards.services.questions import Question, cursor, read_cursor, within

MOST_ROWS = 1000


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
    ask = Question.make(slug, window, period, segment)
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
    ask = Question.make(slug, window, period, segment)
    limit = within("limit", limit, 1, MOST_ROWS)
    place: dict[str, Any] | None = None
    if after is not None:
        order, player = read_cursor(after)
        place = {"order": str(order), "player": player, "before": 0, "skip": 1}
    for most in dict.fromkeys((places.share(limit), limit)):
        behind = place | {"after": most} if place else None
        answers = places.read(ask.board, ask.suffix, top=0 if place else most, place=behind)
        start = sum(answer.around.first for answer in answers if answer.around)
        count = min(limit, assembling.visible_size(ask.board, answers) - start)
        if places.has_window(answers, start, count) if place else places.has_first(answers, count):
            break
    if place is None:
        entries = places.merge([answer.top for answer in answers])[:count]
        found = places.rows(ask.board, entries, 0, 0, 0)
    else:
        entries, found = assembling.rows_from(ask, answers, start, count)
    is_last = not entries or start + len(entries) >= assembling.visible_size(ask.board, answers)
    return found, None if is_last else cursor(entries[-1])


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
    ask = Question.make(slug, window, period, segment)
    top = within("top", top, 0, MOST_ROWS)
    around = within("around", around, 0, MOST_ROWS)
    mine = _places_of_players([(ask, check_player_id(player))])[0] if player is not None else None
    asked = _place_of_rank(ask, within("rank", rank, 1, 10**15)) if rank is not None else mine
    shown = _view(ask, assembling.read([Part(ask, top, around, asked)])[0], top, around)
    if rank is None:
        return shown
    standing = assembling.rows_around(ask, assembling.read([Part(ask, 0, 0, mine)])[0], 0)[1] if mine else None
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
    asks = [Question.make(slug, None, None, None) for slug in slugs]
    if player is None:
        mine: list[dict[str, Any] | None] = [None] * len(asks)
    else:
        mine = _places_of_players([(ask, check_player_id(player)) for ask in asks])
    parts = [
        Part(ask, top, around, place, named.get(ask.board.slug, ())) for ask, place in zip(asks, mine, strict=True)
    ]
    return [_view(ask, answers, top, around) for ask, answers in zip(asks, assembling.read(parts), strict=True)]


def around_players(
    slug: str, players: Sequence[str], around: int = 5, *, window: str | None = None
) -> dict[str, BoardView]:
    """For each of some players the rows around, the standing and the size; who is not on the board has no rows.

    Errors as `top`. One round trip for all with one shard; with more, 2.
    """
    ask = Question.make(slug, window, None, None)
    mine = _places_of_players([(ask, check_player_id(player)) for player in players])
    answers = assembling.read([Part(ask, 0, around, place) for place in mine])
    return {player: _view(ask, found, 0, around) for player, found in zip(players, answers, strict=True)}


def _view(ask: Question, answers: list[places.Answer], top: int, around: int) -> BoardView:
    entries = places.merge([answer.top for answer in answers])[: min(top, assembling.visible_size(ask.board, answers))]
    around_rows, standing = assembling.rows_around(ask, answers, around)
    return BoardView(
        board=ask.board,
        window=ask.window,
        period=ask.period,
        segment=ask.segment,
        size=assembling.visible_size(ask.board, answers),
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
    asked = Question.make(slug, window, period, segment)
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


def _periods(asked: Question, kept: AbstractSet[str]) -> list[str]:
    if asked.window == "season":
        return windows.begun_seasons(asked.board, clock.now())
    return sorted((name for name in kept if windows.span(asked.board, asked.window, name)), reverse=True)


def _places_of_players(asked: Sequence[tuple[Question, str]]) -> list[dict[str, Any] | None]:
    """The places to ask all shards for; with more than one, the player's own shard says first where they are."""
    if shards.count() == 1:
        return [{"player": player} for _, player in asked]
    found = zip(asked, places.find([(ask.board, ask.suffix, player) for ask, player in asked]), strict=True)
    return [
        {"order": str(held.order), "player": player} if held.order is not None else None for (_, player), held in found
    ]


def _place_of_rank(ask: Question, rank: int) -> dict[str, Any] | None:
    most = min(rank, ask.board.max_entries or rank)
    if shards.count() == 1:
        return {"index": most - 1}
    entry = searching.at_index(ask.board, ask.suffix, most - 1)
    return {"order": str(entry.order), "player": entry.player} if entry else None


def _standing_by_counting(ask: Question, player: str) -> Standing | None:
    """The same without any rows; not on many shards where levels or the limit of the board ask for more.

    One round trip with one shard, else 2.
    """
    (held,) = places.find([(ask.board, ask.suffix, player)])
    most = ask.board.max_entries or held.size
    if held.order is None or held.position >= most:
        return None
    size, better = min(held.size, most), held.better
    if shards.count() > 1:
        others, better_elsewhere = places.count_elsewhere(ask.board, ask.suffix, shards.of(player), held.order)
        size, better = size + others, better + better_elsewhere
    levels = held.levels if ask.board.ties == "dense" else better
    return assembling.standing(ask.board, held.order, better, size, levels)


def _join_versions(catalog_version: str, parts: list[str]) -> str:
    return ":".join([catalog_version, *parts])


def cursor_behind(row: Row, slug: str) -> str:
    """The cursor of the page that begins behind a row, on boards whose equal scores share a rank. No round trip."""
    board = boards.get(slug)
    return cursor(places.Entry(board.sign * board.to_units(row.score) << board.tie_bits, row.player))
