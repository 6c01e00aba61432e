from django.apps import AppConfig


class PlayersConfig(AppConfig):
    name = "gamify_site.players"
    label = "players"
    verbose_name = "Players"
