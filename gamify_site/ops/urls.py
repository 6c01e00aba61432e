"""Health checks for machines; the audit log; the demo's pages, which exist only where the demo tools are on."""

from django.conf import settings
from django.urls import path

from gamify_site.ops.views import audit, demo, health

demo_urlpatterns = [
    path("manage/demo/", demo.demo, name="manage_demo"),
    path("manage/demo/login/", demo.demo_login, name="demo_login"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("manage/audit/", audit.audit_log, name="manage_audit"),
    path("manage/audit/export/", audit.audit_export, name="manage_audit_export"),
    *(demo_urlpatterns if settings.GAMIFY_DEMO else []),
]
