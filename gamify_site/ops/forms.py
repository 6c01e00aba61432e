"""What staff choose on the demo page."""

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from gamify_site.ops.demo import scenarios

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
