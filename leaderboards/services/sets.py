"""The ranked sets of a board as they are stored: which there are, who is in them, and making the derived ones anew."""

from collections.abc import Callable, Iterator

from gamify_site.players import walk
from gamify_site.store import catalog, keys, shards
from gamify_site.store.connection import ask, client, guarded
from leaderboards.definitions import Board

STEP = 500


def suffixes(shard: int, slug: str) -> list[str]:
    """The periods of which a shard has entries. One round trip."""
    (found,) = ask([("zrange", keys.board_windows(shard, slug), 0, -1)])
    return [suffix.decode() for suffix in found]


def segments(shard: int, slug: str, suffix: str) -> list[str]:
    """The suffixes of the segments of a period. One round trip."""
    (found,) = ask([("smembers", keys.board_segments(shard, slug, suffix))])
    return sorted(f"{suffix}:{segment.decode()}" for segment in found)


def size(slug: str) -> int:
    """How many entries there are in all periods together. Two round trips per shard."""
    return sum(
        sum(ask([("zcard", keys.board(shard, slug, suffix)) for suffix in suffixes(shard, slug)]))
        for shard in shards.everyone()
    )


def players(shard: int, slug: str, suffix: str) -> Iterator[list[str]]:
    """The players of one ranked set, some 500 at a time; one who comes or goes meanwhile may be left out."""
    cursor = None
    while cursor != 0:
        ((cursor, found),) = ask([("zscan", keys.board(shard, slug, suffix), cursor or 0, None, STEP)])
        names = [player.decode() for player, _ in found]
        for start in range(0, len(names), STEP):
            yield names[start : start + STEP]


def derive(board: Callable[[], Board]) -> None:
    """Rebuilds what follows from a board's entries: segments, and levels of dense ranks.

    Works in steps of about 500 entries, each a short script, while the board is in use; `board` gives the definition
    as it is at each of them.
    """
    slug = board().slug
    for shard in shards.everyone():
        for suffix in suffixes(shard, slug):
            _remove_derived(shard, slug, suffix)
            _derive_set(board, shard, suffix)


def remove(slug: str) -> None:
    """Removes everything of a board. Some 3 round trips for each period kept, and for each 100 players where there are
    final ranks."""
    for shard in shards.everyone():
        for suffix in suffixes(shard, slug):
            _remove_derived(shard, slug, suffix)
            with guarded():
                client().unlink(keys.board(shard, slug, suffix), keys.board_times(shard, slug, suffix))
                client().zrem(keys.board_windows(shard, slug), suffix)
        _forget_hidden(shard, slug)
        with guarded():
            client().hdel(keys.board_versions(shard), slug)
    _forget_closed(slug)


def _forget_closed(slug: str) -> None:
    """The winners of periods that were closed, and everybody's final rank."""
    (found,) = ask([("hkeys", keys.closed_periods(slug))])
    for suffix in found:
        with guarded():
            for shard in shards.everyone():
                client().unlink(keys.final_top(shard, slug, suffix.decode()))
                client().zrem(keys.final_periods(shard), f"{slug}:{suffix.decode()}")
    forget_final_ranks([f"{slug}:{suffix.decode()}" for suffix in found])
    with guarded():
        client().unlink(keys.closed_periods(slug))


def forget_final_ranks(names: list[str]) -> None:
    """Forgets what all players keep of some periods, each `<board>:<suffix>`. A round trip for each 100 players."""
    for some, place in walk.walk() if names else ():
        ask([("hdel", keys.final_ranks(place.shard, player), *names) for player in some])


def _forget_hidden(shard: int, slug: str) -> None:
    """What is kept aside of the board for players who are off the boards."""
    cursor = None
    while cursor != 0:
        ((cursor, found),) = ask([("sscan", keys.hidden(shard), cursor or 0, None, STEP)])
        asides = [keys.hidden_entries(shard, player.decode()) for player in found]
        kept = ask([("hkeys", key) for key in asides]) if asides else []
        own = {
            key: [name for name in names if name.startswith(f"{slug}:".encode())]
            for key, names in zip(asides, kept, strict=True)
        }
        if any(own.values()):
            ask([("hdel", key, *names) for key, names in own.items() if names])


def _derive_set(board: Callable[[], Board], shard: int, suffix: str) -> None:
    slug = board().slug
    (expires,) = ask([("zscore", keys.board_windows(shard, slug), suffix)])
    expiry = 0 if expires in (None, float("inf")) else int(expires)
    for some in players(shard, slug, suffix):
        catalog.run(
            "leaderboards/derive_entries",
            [(shard, some)],
            lambda names: [board().for_scripts(), suffix, expiry, *names],
            repeatable=True,
        )


def _remove_derived(shard: int, slug: str, suffix: str) -> None:
    names = segments(shard, slug, suffix)
    for start in range(0, len(names) + 1, STEP):
        some = names[start : start + STEP]
        with guarded():
            client().unlink(
                keys.board_segments(shard, slug, suffix),
                keys.board_levels(shard, slug, suffix),
                *(keys.board_levels(shard, slug, name) for name in some),
                *(keys.board(shard, slug, name) for name in some),
            )
