"""The staff's forms: sample data on the demo page, a key of the HTTP API."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from gamify_site.api import keys
from gamify_site.forms import PlainForm, checked
from gamify_site.identifiers import check_player_id
from gamify_site.ops.demo import scenarios
from gamify_site.players import accounts
from gamify_site.players import services as players


class LoginAsForm(forms.Form):
    """As which player to go on."""

    player = forms.CharField(label=_("Player id"), max_length=64)

    def clean_player(self) -> str:
        """Somebody who is there, and no staff."""
        player = checked(check_player_id, self.cleaned_data["player"].strip())
        if not players.exists(player):
            raise ValidationError(_("There is no player with this id."))
        account = accounts.find(player)
        if account and (account["is_staff"] == "1" or account["player_id"] != player):
            raise ValidationError(_("This account belongs to somebody else, or to staff."))
        return player


class DemoForm(forms.Form):
    """Which sample data to make; afterwards `players` is a number also where none was given."""

    scenario = forms.ChoiceField(
        label=_("Scenario"),
        choices=[
            (scenario.name, format_lazy("{}: {}", scenario.name, scenario.title))
            for scenario in scenarios.SCENARIOS.values()
        ],
        initial="showcase",
    )
    players = forms.IntegerField(
        label=_("Players"),
        help_text=_("Leave it empty for the scenario's own number."),
        required=False,
        min_value=1,
        localize=False,
    )

    def clean(self) -> dict[str, Any]:
        """Takes the scenario's own number where none is given, and refuses more than it takes."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["players"] = scenarios.SCENARIOS[cleaned["scenario"]].number(cleaned["players"])
            except ValidationError as error:
                self.add_error("players", error.message_dict["players"])
        return cleaned


class KeyForm(PlainForm):
    """A new key of the HTTP API."""

    name = forms.CharField(
        label=_("Name"),
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
