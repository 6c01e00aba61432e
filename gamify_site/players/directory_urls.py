"""The pages below /players/ on which players find and follow each other."""

from django.urls import path

from gamify_site.players import views

urlpatterns = [
    path("", views.find, name="find_players"),
    path("<str:player>/follow/", views.follow, name="follow"),
    path("<str:player>/unfollow/", views.unfollow, name="unfollow"),
]
