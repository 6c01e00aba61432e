"""The board among friends: a player and those whom the player follows."""

from gamify_site import clock
from gamify_site.players import services as players
from leaderboards import windows
from leaderboards.definitions import Row
from leaderboards.services import boards, places, ranking


def board(slug: str, player: str, *, window: str | None = None, period: str | None = None) -> list[Row]:
    """The player and those whom the player follows, ranked among themselves by the board's tie rule, best first.

    Who is not on the board is left out, also the player. The window is `all` (or the board's first) and the period the
    current one unless given. Raises `UnknownBoard`, `ValidationError` with the field, `StoreUnavailable`. Two round
    trips; O(followed).
    """
    asked = boards.get(slug)
    window, period = windows.resolve(asked, window, period, clock.now())
    everybody = {player, *players.followed_ids(player)}
    question = places.Asked(asked, windows.suffix(window, period), 0, None, everybody)
    return places.among(asked, places.read_many([question])[0])


def version(slug: str, player: str) -> str:
    """What the rendered rows depend on besides the question asked: the board, all names, and whom the player follows.

    Errors as `board`. Two round trips; O(followed).
    """
    return " ".join([ranking.version(slug), *sorted(players.followed_ids(player))])
