"""What staff look for in the audit log."""

from typing import Any

from django import forms
from django.utils.http import urlencode
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gamify_site import texts
from gamify_site.audit import LONGEST_REASON, Entry
from gamify_site.forms import PlainForm
from gamify_site.ops import wording

ISO_DAY = "%Y-%m-%d"  # what browsers send, in every language
IN_ADDRESS = {"since": "from", "until": "to"}  # `from` cannot be a name in Python


class AuditForm(PlainForm):
    """The filters of the page, as its address has them; all of them may be empty."""

    by = forms.CharField(label=gettext_lazy("Who"), max_length=64, required=False)
    what = forms.ChoiceField(
        label=gettext_lazy("What"),
        required=False,
        choices=[
            ("", gettext_lazy("Everything")),
            *(
                (group.name, [(name, group.all), *((word, wording.WHAT[word]) for word in group.words)])
                for name, group in wording.GROUPS.items()
            ),
        ],
    )
    subject = forms.CharField(label=gettext_lazy("Player, slug or key"), max_length=200, required=False)
    q = forms.CharField(
        label=gettext_lazy("In the reason"), max_length=LONGEST_REASON, required=False, widget=forms.SearchInput
    )
    since = forms.DateField(
        label=gettext_lazy("From day"),
        required=False,
        input_formats=[ISO_DAY],
        widget=forms.DateInput(format=ISO_DAY, attrs={"type": "date"}),
    )
    until = forms.DateField(
        label=gettext_lazy("To day"),
        required=False,
        input_formats=[ISO_DAY],
        widget=forms.DateInput(format=ISO_DAY, attrs={"type": "date"}),
    )

    def add_prefix(self, field_name: str) -> str:
        """What a field is called in the address."""
        return IN_ADDRESS.get(field_name, field_name)

    def clean(self) -> dict[str, Any]:
        """The days in their order."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before the first one."))
        return self.cleaned_data

    @property
    def query(self) -> str:
        """The filters that are set, as an address has them. Only of a valid form."""
        return urlencode({self.add_prefix(name): value for name, value in self.cleaned_data.items() if value})

    def finds(self, entry: Entry) -> bool:
        """Whether an entry is one of those asked for. Only of a valid form."""
        asked = self.cleaned_data
        return (
            asked["by"].casefold() in ("", entry.by.casefold())
            and self._finds_what(entry.what)
            and asked["subject"].casefold() in ("", entry.subject.casefold())
            and texts.normal(asked["q"]).casefold() in entry.reason.casefold()
            and self._finds_day(entry)
        )

    def _finds_what(self, word: str) -> bool:
        asked = self.cleaned_data["what"]
        return word in wording.GROUPS[asked].words if asked in wording.GROUPS else asked in ("", word)

    def _finds_day(self, entry: Entry) -> bool:
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if not (since or until):
            return True
        day = localdate(entry.at)
        return (not since or since <= day) and (not until or day <= until)
