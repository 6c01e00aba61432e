"""The web process: every page, form and partial."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gamify_site.settings")

application = get_wsgi_application()
