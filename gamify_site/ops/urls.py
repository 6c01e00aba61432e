"""Health and metrics for machines, the staff's tools, and the demo's pages, which exist where the demo tools are on."""

from django.conf import settings
from django.urls import path

from gamify_site.ops.views import audit, demo, health, keys, metrics, redis

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
    path("metrics", metrics.metrics, name="metrics"),
    path("manage/keys/", keys.api_keys, name="manage_keys"),
    path("manage/keys/<slug:key_id>/revoke/", keys.revoke_key, name="manage_key_revoke"),
    path("manage/redis/", redis.data_store, name="manage_redis"),
    path("manage/audit/", audit.audit_log, name="manage_audit"),
    path("manage/audit/export/", audit.audit_export, name="manage_audit_export"),
    *(demo_urlpatterns if settings.GAMIFY_DEMO else []),
]
