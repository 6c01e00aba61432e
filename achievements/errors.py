"""What an achievement service may refuse with, besides Django's `ValidationError`."""


class UnknownAchievement(LookupError):
    """There is no achievement with this slug."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no achievement {slug!r}.")
        self.slug = slug


class EditedMeanwhile(Exception):
    """Somebody else has saved this achievement since it was read; nothing is overwritten."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"{slug!r} has been saved by somebody else.")
        self.slug = slug
