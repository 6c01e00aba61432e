"""Badges: a medallion per achievement."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from achievements.definitions import Achievement


def badge(
    achievement: Achievement | None,
    status: str = "unlocked",
    *,
    level: str | None = None,
    share: float | None = None,
    size: int = 64,
) -> SafeString:
    """A round medallion; decoration, since the name stands beside it."""
    rare = share is not None and share < 0.05
    return format_html(
        '<svg class="medallion {} {}" data-level="{}" width="{}" height="{}" viewBox="0 0 64 64" aria-hidden="true">'
        '<circle cx="32" cy="32" r="30"/></svg>',
        status if achievement else "hidden",
        "rare" if rare else "",
        level or "",
        size,
        size,
    )
