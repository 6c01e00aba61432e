"""Which address leads where."""

from django.urls import include, path
from django.views.i18n import set_language

from gamify_site.api.app import api
from gamify_site.players.views import manage_accounts

urlpatterns = [
    path("api/v1/", api.urls),
    path("accounts/", include("gamify_site.players.urls")),
    path("language/", set_language, name="set_language"),
    path("manage/accounts/", manage_accounts, name="manage_accounts"),
    path("players/", include("gamify_site.players.directory_urls")),
    path("", include("achievements.urls")),
    path("", include("leaderboards.urls")),
    path("", include("gamify_site.ops.urls")),
]

handler500 = "gamify_site.error_pages.server_error"
