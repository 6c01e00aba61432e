"""Health checks for machines; the demo's pages where the demo tools are on, elsewhere they do not exist."""

from django.conf import settings
from django.urls import path

from gamify_site.ops.views import demo, health

demo_urlpatterns = [
    path("manage/demo/", demo.demo, name="manage_demo"),
    path("manage/demo/clock/", demo.demo_clock, name="manage_demo_clock"),
    path("manage/demo/tick/", demo.demo_tick, name="manage_demo_tick"),
    path("manage/demo/as/", demo.demo_login_as, name="manage_demo_login_as"),
    path("manage/demo/login/", demo.demo_login, name="demo_login"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    *(demo_urlpatterns if settings.GAMIFY_DEMO else []),
]
