"""What a check of the stored data finds."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that is not as it must be: which rule, whose, and what was found."""

    rule: str
    subject: str
    detail: str
