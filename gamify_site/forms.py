"""What the forms of all apps share: the errors of services at the fields that they name."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


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


def checked(check: Callable[[str], str], value: str) -> str:
    """What a check of `identifiers` gives, its error without the field, which a `clean_` method must not name."""
    try:
        return check(value)
    except ValidationError as error:
        raise ValidationError(error.messages) from error
