"""Tags for what is drawn."""

from django import template

from achievements.drawing import badges

register = template.Library()
register.simple_tag(badges.badge, name="badge")
register.simple_tag(badges.metals, name="metals")
