"""Scores that staff write by hand: as `scores` does it, and told in the audit log, with who, why and the score before.

Both functions raise what those of `scores` do, and `ValidationError` at `reason` where it is too long. What
is written stays written where the log cannot be reached then (`StoreUnavailable`).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal

from gamify_site import audit
from leaderboards.definitions import ScoreUpdate
from leaderboards.services import ranking, scores

How = Literal["rule", "replace", "add"]
WRITES: dict[How, Callable[[str, str, scores.Score], ScoreUpdate]] = {
    "rule": scores.submit,
    "replace": scores.set,
    "add": scores.increment,
}


def write(slug: str, player: str, score: scores.Score, how: How, *, by: str, reason: str = "") -> ScoreUpdate:
    """Writes a score by the board's rule, in place of what is there, or on top of it. One round trip more."""
    reason = audit.check_reason(reason, least=0)
    done = WRITES[how](slug, player, score)
    after = None if done.trimmed else done.score
    told = _told(slug, done.previous_score), _told(slug, after)
    audit.record(audit.Entry("score_changed", player, by, reason, *told))
    return done


def remove(slug: str, player: str, *, by: str, reason: str = "") -> bool:
    """Takes a player off the board, past periods included; False where there was nothing. Two round trips more."""
    reason = audit.check_reason(reason, least=0)
    standing = ranking.standing(slug, player)
    if not scores.remove(slug, player):
        return False
    told = _told(slug, standing.score if standing else None), _told(slug, None)
    audit.record(audit.Entry("score_removed", player, by, reason, *told))
    return True


def _told(slug: str, score: int | Decimal | None) -> dict[str, object]:
    return {"board": slug} | ({} if score is None else {"score": score})
