"""The pages of the achievements and of players' profiles, and the demo's coin game."""

from django.conf import settings
from django.urls import path

from achievements.views import (
    badges,
    catalog,
    exchange,
    home,
    insights,
    manage,
    manage_players,
    play,
    profile,
    share,
)

# The game gives anybody as many coins as they ask for.
demo_urlpatterns = [path("play/", play.play, name="play")]

urlpatterns = [
    path("", home.home, name="home"),
    path("achievements/", catalog.browse, name="catalog"),
    path("achievements/<str:slug>/", catalog.detail, name="achievement"),
    path("achievements/<str:slug>/pin/", catalog.pin, name="pin"),
    path("manage/achievements/", manage.achievement_list, name="manage_achievement_list"),
    path("manage/achievements/new/", manage.achievement_create, name="manage_achievement_create"),
    path("manage/achievements/<str:slug>/edit/", manage.achievement_edit, name="manage_achievement_edit"),
    path("manage/achievements/<str:slug>/delete/", manage.achievement_delete, name="manage_achievement_delete"),
    path("manage/achievements/<str:slug>/history/", manage.achievement_history, name="manage_achievement_history"),
    path(
        "manage/achievements/<str:slug>/history/<int:number>/",
        manage.achievement_restore,
        name="manage_achievement_restore",
    ),
    path("manage/achievements/<str:slug>/backfill/", manage.achievement_backfill, name="manage_achievement_backfill"),
    path("manage/players/", manage_players.player_list, name="manage_player_list"),
    path("manage/players/<str:player>/", manage_players.player, name="manage_player"),
    path("manage/players/<str:player>/delete/", manage_players.player_delete, name="manage_player_delete"),
    path("manage/insights/", insights.insights_page, name="manage_insights"),
    path("badges/<slug:digest>.svg", badges.sprite, name="badge_sprite"),
    path("manage/catalog/", exchange.exchange, name="manage_exchange"),
    path("manage/catalog/export/", exchange.export, name="manage_export"),
    path("players/<str:player>/", profile.profile, name="profile"),
    path("players/<str:player>/share/", share.page, name="share"),
    path("players/<str:player>/share.png", share.picture, name="share_picture"),
    path("players/<str:player>/compare/<str:other>/", profile.compare, name="compare"),
    *(demo_urlpatterns if settings.GAMIFY_DEMO else []),
]
