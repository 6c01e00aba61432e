"""Health checks for machines; the demo's pages where the demo tools are on, elsewhere they do not exist."""

from django.conf import settings
from django.urls import path

from gamify_site.ops.views import demo, health

demo_urlpatterns = [
    path("manage/demo/", demo.demo, name="manage_demo"),
    path("manage/demo/login/", demo.demo_login, name="demo_login"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    *(demo_urlpatterns if settings.GAMIFY_DEMO else []),
]
