"""Health checks for machines; the demo's pages where the demo tools are on, elsewhere they do not exist."""

from django.conf import settings
from django.urls import path

from gamify_site.ops import views

demo_urlpatterns = [
    path("manage/demo/", views.demo, name="manage_demo"),
    path("manage/demo/login/", views.demo_login, name="demo_login"),
]

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    *(demo_urlpatterns if settings.GAMIFY_DEMO else []),
]
