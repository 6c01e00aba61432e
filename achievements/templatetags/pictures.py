"""Tags for what is drawn."""

from django import template

from achievements.drawing import badges, calendars
from gamify_site import charts

register = template.Library()
register.simple_tag(badges.badge, name="badge")
register.simple_tag(badges.metals, name="metals")
register.simple_tag(calendars.calendar, name="calendar")
register.simple_tag(charts.area, name="area_chart")
register.simple_tag(charts.bars, name="bar_chart")
register.simple_tag(charts.ring, name="ring")
