"""What a board service may refuse with, besides Django's `ValidationError`."""

from collections.abc import Mapping
from decimal import Decimal

from gamify_site.texts import quoted


class UnknownBoard(LookupError):
    """There is no board with this slug."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no board {slug!r}.")
        self.slug = slug


class NotOnBoard(LookupError):
    """A player that is known has no entry where it was looked for; `chosen` are the window, period and segment."""

    def __init__(self, player: str, board: str, chosen: Mapping[str, str | None]) -> None:
        where = ", ".join(f"{name}={quoted(value)}" for name, value in chosen.items() if value)
        super().__init__(f"{player!r} is not on the board {board!r}{f' with {where}' if where else ''}.")


class EditedMeanwhile(Exception):
    """Somebody else has saved or deleted this board since it was read; nothing is overwritten."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"{slug!r} has been changed by somebody else.")
        self.slug = slug


class InsufficientBalance(Exception):
    """The player has too little to spend; `balance` is what there is."""

    def __init__(self, balance: int | Decimal) -> None:
        super().__init__(f"The balance is {balance}.")
        self.balance = balance
