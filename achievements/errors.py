"""What an achievement service may refuse with, besides Django's `ValidationError`."""


class UnknownAchievement(LookupError):
    """There is no achievement with this slug."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no achievement {slug!r}.")
        self.slug = slug
