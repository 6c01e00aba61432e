"""The site's addresses as they are where GAMIFY_DEMO is on."""

from achievements.urls import demo_urlpatterns as game
from gamify_site import urls
from gamify_site.ops.urls import demo_urlpatterns as tools

urlpatterns = [*urls.urlpatterns, *game, *tools]
handler500 = urls.handler500
