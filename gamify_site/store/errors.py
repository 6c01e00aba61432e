"""What can go wrong on the way to the data, in the words of the program."""

from collections.abc import Sequence


class StoreUnavailable(Exception):
    """Redis did not answer in time, or is being switched. `retry_after` says in how many seconds to come back."""

    def __init__(self, message: str = "The data store does not answer.", *, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotAllowed(StoreUnavailable):
    """The data store's user lacks rights: nothing was changed. `rights` are the rules of ACL SETUSER that grant them,
    as far as they are known.
    """

    def __init__(self, rights: Sequence[str] = ()) -> None:
        grant = f"ACL SETUSER <user> {' '.join(rights) or '+@all ~* &*'}"
        super().__init__(f"The data store's user may not do all that is needed; grant it: {grant}", retry_after=30)
        self.rights = tuple(rights)


class Resetting(StoreUnavailable):
    """The data is being replaced as a whole; nobody is shown half of it. `subject` names what replaces it, if known."""

    def __init__(self, subject: str = "") -> None:
        super().__init__(
            "The data is being replaced. Where that has broken off it stays closed: run `manage.py import FILE "
            "--replace` or `manage.py reset_demo` again.",
            retry_after=2,
        )
        self.subject = subject


class NotCopied(StoreUnavailable):
    """A change was made, but the replicas do not have it yet: it may be lost. Sent again, it is made once."""

    def __init__(self) -> None:
        super().__init__("A change has not reached as many replicas as GAMIFY_WAIT_REPLICAS says.", retry_after=1)


class WrongAddress(StoreUnavailable):
    """The data store is there, but GAMIFY_REDIS_URL does not lead into it; waiting does not help."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{reason} Correct it in GAMIFY_REDIS_URL.", retry_after=60)


class WrongShards(StoreUnavailable):
    """The data lies on another number of shards than this process was told: it would look for players elsewhere."""

    def __init__(self, held: int, told: int) -> None:
        shards = f"{held} {'shard' if held == 1 else 'shards'}"
        super().__init__(
            f"The data lies on {shards}, but GAMIFY_SHARDS is {told}. Set it to {held}; `export` and `import` bring "
            "the data onto another number.",
            retry_after=60,
        )
