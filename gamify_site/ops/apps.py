from django.apps import AppConfig


class OpsConfig(AppConfig):
    """Running the site: commands, health, demo data."""

    name = "gamify_site.ops"
    label = "ops"
    default_auto_field = "django.db.models.BigAutoField"
