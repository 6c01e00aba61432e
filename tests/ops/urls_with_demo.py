"""The site's addresses as they are where GAMIFY_DEMO is on."""

from gamify_site import urls
from gamify_site.ops.urls import demo_urlpatterns

urlpatterns = [*urls.urlpatterns, *demo_urlpatterns]
handler500 = urls.handler500
