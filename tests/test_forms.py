"""Widgets that the forms of all apps share."""

from django import forms
from django.test.html import parse_html

from gamify_site.forms import LongSelect

CHOICES = [("", "---"), ("UTC", "UTC"), ("a<b", "A & B")]


def test_long_select_is_the_same_control_as_djangos():
    """Compare the markup with that of the base class, which renders a template for each option."""
    for value in (None, "", "UTC", "a<b", "unknown"):
        attrs = {"id": "id_zone", "required": True, "disabled": False}
        ours = LongSelect(attrs={"class": "wide"}, choices=CHOICES).render("zone", value, attrs)
        djangos = forms.Select(attrs={"class": "wide"}, choices=CHOICES).render("zone", value, attrs)
        assert parse_html(ours) == parse_html(djangos), value
