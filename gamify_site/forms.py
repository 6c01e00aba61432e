"""What the forms of all apps share: the errors of services at the fields that they name."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import BaseRenderer
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class PlainForm(forms.Form):
    """A form that takes the errors of the services."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        initial: dict[str, Any] | None = None,
        auto_id: str = "id_%s",
    ) -> None:
        super().__init__(data, initial=initial, auto_id=auto_id, label_suffix="")

    def add_errors(self, error: ValidationError) -> None:
        """Shows a service's error at the fields it names; what names no field of this form stands above the form."""
        named = error.error_dict if hasattr(error, "error_dict") else {None: error.error_list}
        for name, errors in named.items():
            self.add_error(name if name in self.fields else None, errors)


class LongSelect(forms.Select):
    """A select for hundreds of options, such as time zones, without groups.

    Django renders a template for each option, which makes up most of such a page's time; this widget renders none.
    """

    def render(
        self,
        name: str,
        value: Any,
        attrs: dict[str, Any] | None = None,
        renderer: BaseRenderer | None = None,  # noqa: ARG002  (Django passes it by name)
    ) -> SafeString:
        """Return the HTML of the select and its options."""
        chosen = self.format_value(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            ((key, SafeString(" selected") if str(key) in chosen else "", label) for key, label in self.choices),
        )
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, attrs) | {"name": name}), options
        )


def checked(check: Callable[[str], str], value: str) -> str:
    """What a check of `identifiers` gives, its error without the field, which a `clean_` method must not name."""
    try:
        return check(value)
    except ValidationError as error:
        raise ValidationError(error.messages) from error
