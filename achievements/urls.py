"""The pages of the achievements, of players' profiles, and of the game that shows it all."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
