"""Figures of the data store's page, each of which the server may keep to itself."""

from decimal import Decimal

from django import template
from django.template.defaultfilters import filesizeformat

from leaderboards.wording import number

register = template.Library()

UNTOLD = "\N{EN DASH}"


@register.filter
def figure(value: float | None) -> str:
    """A number for readers, to two decimals where it has some; a dash for None."""
    if value is None:
        return UNTOLD
    return number(value if isinstance(value, int) else Decimal(f"{value:.2f}"))


@register.filter
def size(value: int | None) -> str:
    """A number of bytes in its greatest unit; a dash for None."""
    return UNTOLD if value is None else filesizeformat(value)


@register.filter
def percent(value: float | None) -> str:
    """A share in percent, to one decimal; a dash for None."""
    return UNTOLD if value is None else f"{number(Decimal(f'{value:.1f}'))} %"
