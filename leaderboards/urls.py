"""The pages of the leaderboards and the staff's forms."""

from django.urls import path

from leaderboards.views import manage, pages, periods

urlpatterns = [
    path("leaderboards/", pages.board_list, name="board_list"),
    path("leaderboards/<str:slug>/", pages.board, name="board"),
    path("manage/", manage.home, name="manage_home"),
    path("manage/boards/", manage.board_list, name="manage_board_list"),
    path("manage/boards/new/", manage.board_create, name="manage_board_create"),
    path("manage/boards/<str:slug>/edit/", manage.board_edit, name="manage_board_edit"),
    path("manage/boards/<str:slug>/delete/", manage.board_delete, name="manage_board_delete"),
    path("manage/boards/<str:slug>/scores/", manage.board_scores, name="manage_board_scores"),
    path("manage/boards/<str:slug>/archive/", periods.board_archive, name="manage_board_archive"),
    path("manage/boards/<str:slug>/recount/", periods.board_recount, name="manage_board_recount"),
]
