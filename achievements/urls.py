"""The pages of the achievements and of players' profiles."""

from django.urls import path

from achievements.views import badges, catalog, exchange, home, play, profile, share

urlpatterns = [
    path("", home.home, name="home"),
    path("achievements/", catalog.browse, name="catalog"),
    path("achievements/<str:slug>/", catalog.detail, name="achievement"),
    path("achievements/<str:slug>/pin/", catalog.pin, name="pin"),
    path("badges/<slug:digest>.svg", badges.sprite, name="badge_sprite"),
    path("manage/catalog/", exchange.exchange, name="manage_exchange"),
    path("manage/catalog/export/", exchange.export, name="manage_export"),
    path("play/", play.play, name="play"),
    path("players/<str:player>/", profile.profile, name="profile"),
    path("players/<str:player>/share/", share.page, name="share"),
    path("players/<str:player>/share.png", share.picture, name="share_picture"),
    path("players/<str:player>/compare/<str:other>/", profile.compare, name="compare"),
]
