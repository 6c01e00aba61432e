"""The staff's form for a file of definitions. It reads the rows; what becomes of them is for the services to say."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from achievements.services import exchange

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.utils.datastructures import MultiValueDict

# What goes with the page and comes back has to fit into DATA_UPLOAD_MAX_MEMORY_SIZE, with line ends of two bytes.
MOST_CARRIED = 1_000_000
STATUSES = {"draft": gettext_lazy("Drafts: nobody sees them yet"), "published": gettext_lazy("Published at once")}


class ExchangeForm(forms.Form):
    """A file or a text with definitions.

    Once it is valid, `rows` holds them, and `carried` what the next page has to know to read the same rows again.
    """

    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".json,.csv,application/json,text/csv"}),
        help_text=gettext_lazy(
            "JSON as exported here, or CSV with the columns of Google Play Console, and perhaps ID."
        ),
    )
    text = forms.CharField(
        label=gettext_lazy("Or its text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=gettext_lazy("A file counts instead, where one is chosen."),
    )
    category = forms.CharField(
        label=gettext_lazy("Category"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("Only for what is new in a CSV, which does not say it: a slug, such as coins."),
    )
    status = forms.ChoiceField(
        label=gettext_lazy("Status"),
        required=False,
        choices=[(status, STATUSES[status]) for status in exchange.CSV_STATUSES],
        help_text=gettext_lazy("Only for what is new in a CSV, which does not say it."),
    )
    source = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: "MultiValueDict[str, UploadedFile[Any]] | None" = None,
        *,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, files, initial=initial, label_suffix="")
        self.rows: list[exchange.Row] = []
        self.carried: dict[str, str] = {}

    def clean_status(self) -> str:
        """Drafts, unless said otherwise."""
        return self.cleaned_data["status"] or exchange.CSV_STATUSES[0]

    def clean(self) -> dict[str, Any]:
        """Reads the rows."""
        upload = self.cleaned_data.get("file")
        if not self.errors:
            try:
                self._read(upload)
            except ValidationError as error:
                self.add_errors(error, at="file" if upload else "text")
        return self.cleaned_data

    def add_errors(self, error: ValidationError, at: str = "text") -> None:
        """Shows a service's error at the field it names, or at another where it names the file, or none of these."""
        for name, errors in error.error_dict.items():
            self.add_error(name if name in ("category", "status") else at, errors)

    def _read(self, upload: "UploadedFile[Any] | None") -> None:
        said = self.cleaned_data
        text = exchange.decode(upload.read(exchange.MOST_BYTES + 1)) if upload else said["text"]
        source = upload.name if upload else said["source"]
        _check_text(text)
        if exchange.detect(source or "", text) == "json":
            self.rows = exchange.read_json(text)
        else:
            self.rows = exchange.read_csv(text, category=said["category"], status=said["status"])
        self.carried = {"text": text, "source": source or exchange.TEXT}
        self.carried |= {name: said[name] for name in ("category", "status")}


def _check_text(text: str) -> None:
    """There is one, and it can go with the page and come back."""
    if not text.strip():
        raise ValidationError({"file": _("Choose a file, or enter its text.")})
    line_ends = text.count("\n") - text.count("\r\n")
    if len(text.encode()) + line_ends > MOST_CARRIED:
        told = {"most": f"{MOST_CARRIED:,}", "command": "manage.py import_catalog"}
        raise ValidationError({"file": _("This page takes at most %(most)s bytes; %(command)s takes more.") % told})
