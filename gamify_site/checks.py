"""Checks of plain values that definitions share; each raises `ValidationError` with the field."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def check_integer(field: str, value: object, least: int, most: int) -> None:
    """A whole number from `least` to `most`; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValidationError(
            {field: _("Enter a whole number from %(least)s to %(most)s.") % {"least": least, "most": most}}
        )
