"""The live process; pages are those of web.py."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")
django.setup()

from gamify_site.live.app import make  # noqa: E402  (Django comes first)

application = make()
