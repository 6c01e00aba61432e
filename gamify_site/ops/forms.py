"""The staff's forms: sample data on the demo page, a key of the HTTP API."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from gamify_site.api import keys
from gamify_site.ops.demo import scenarios
from leaderboards.forms import PlainForm

MOST_PLAYERS = 1000  # more take longer than a page should; `reset_demo` makes up to 5000


class DemoForm(forms.Form):
    """Which sample data to make."""

    scenario = forms.ChoiceField(
        label=_("Scenario"),
        choices=[
            (scenario.name, format_lazy("{}: {}", scenario.name, scenario.title))
            for scenario in scenarios.SCENARIOS.values()
        ],
        initial="showcase",
    )
    players = forms.IntegerField(
        label=_("Players"), min_value=1, max_value=MOST_PLAYERS, initial=scenarios.PLAYERS, localize=False
    )


class KeyForm(PlainForm):
    """A new key of the HTTP API."""

    name = forms.CharField(
        label=_("Name"),
        max_length=keys.LONGEST_NAME,
        help_text=_("What the key is for, such as the game server. No two keys have the same name."),
    )
    scope = forms.ChoiceField(
        label=_("Scope"),
        choices=[("read", _("Read")), ("write", _("Read and write"))],
        initial="read",
        help_text=_("To read is to ask for players, achievements and boards; to write is to send events and scores."),
    )

    def create(self, by: str) -> tuple[keys.ApiKey, str] | None:
        """The key and its secret; None where the form or the service refuses, which is then shown at the field."""
        if not self.is_valid():
            return None
        try:
            return keys.create(self.cleaned_data["name"], self.cleaned_data["scope"], by=by)
        except ValidationError as error:
            self.add_errors(error)
        return None
