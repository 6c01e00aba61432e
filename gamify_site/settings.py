"""All settings, read from the environment in one place and checked at the start; each has a line in the README."""

from pathlib import Path

import django

from gamify_site import environment
from gamify_site.store import embedded, shards
from gamify_site.store.addresses import redis_settings

BASE_DIR = Path(__file__).resolve().parent.parent

# What the environment says

GAMIFY_DEMO = environment.flag("GAMIFY_DEMO")
GAMIFY_DATA_DIR = Path(environment.text("GAMIFY_DATA_DIR", str(BASE_DIR / "var"))).expanduser().absolute()
GAMIFY_EMBEDDED = not environment.redis_url("GAMIFY_REDIS_URL")
GAMIFY_REDIS_URL = environment.redis_url("GAMIFY_REDIS_URL") or embedded.url(GAMIFY_DATA_DIR)
GAMIFY_PREFIX = environment.prefix("GAMIFY_PREFIX", "gamify")
GAMIFY_SHARDS = environment.integer("GAMIFY_SHARDS", 1, least=1, most=shards.MOST)
GAMIFY_WAIT_REPLICAS = environment.integer("GAMIFY_WAIT_REPLICAS", 0, least=0, most=10)
GAMIFY_READ_REPLICAS = environment.read_replicas("GAMIFY_READ_REPLICAS", GAMIFY_REDIS_URL)
GAMIFY_EVENT_TTL = environment.integer("GAMIFY_EVENT_TTL", 86_400, least=60, most=31_536_000)
GAMIFY_INACTIVE_DAYS = environment.integer("GAMIFY_INACTIVE_DAYS", 30, least=0, most=3650)
GAMIFY_LIVE_URL = environment.text("GAMIFY_LIVE_URL", "/live/")

# Empty outside the demo: Django then refuses to sign anything, and `serve` refuses to start.
SECRET_KEY = environment.secret_key("GAMIFY_SECRET_KEY", GAMIFY_DATA_DIR if GAMIFY_DEMO else None)
ALLOWED_HOSTS = environment.items("GAMIFY_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.items("GAMIFY_CSRF_TRUSTED_ORIGINS", "")
GAMIFY_TRUSTED_PROXIES = environment.networks("GAMIFY_TRUSTED_PROXIES", "127.0.0.0/8,::1")

DEBUG = False

# Applications

INSTALLED_APPS = [
    "django.contrib.contenttypes",  # asked for by auth; their tables are never touched
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "ninja",
    *(["template_partials.apps.SimpleAppConfig"] if django.VERSION < (6,) else []),
    "gamify_site.players",
    "gamify_site.ops",
    "leaderboards",
    "achievements",
]

MIDDLEWARE = [
    "gamify_site.proxies.TrustedProxiesMiddleware",
    "gamify_site.logs.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "gamify_site.middleware.PermissionsPolicyMiddleware",
    "gamify_site.ops.metrics.RequestMetrics",
    "gamify_site.middleware.StoreUnavailableMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["gamify_site.travel.TravelMiddleware"] if GAMIFY_DEMO else []),
    "gamify_site.middleware.DefinitionsMiddleware",
    "gamify_site.middleware.ShardCountMiddleware",
    "gamify_site.api.middleware.ApiMiddleware",
    "gamify_site.middleware.ContentSecurityPolicyMiddleware",
    "gamify_site.middleware.HostMiddleware",
    *(["gamify_site.middleware.OldAnswersMiddleware"] if GAMIFY_READ_REPLICAS else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "gamify_site.middleware.TemporaryPasswordMiddleware",
    "gamify_site.middleware.VisitorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "gamify_site.middleware.WellFormedMiddleware",
]

PRODUCT = "Gamify"  # what the site is called on its pages
ROOT_URLCONF = "gamify_site.urls"

_LOADERS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
_CACHED = ("django.template.loaders.cached.Loader", _LOADERS)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", [_CACHED])] if django.VERSION < (6,) else [_CACHED],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                *(["template_partials.templatetags.partials"] if django.VERSION < (6,) else []),
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gamify_site.middleware.site_context",
            ],
        },
    }
]

# Redis is the only data store: an accidental query of the ORM fails loudly.

DATABASES: dict[str, dict[str, str]] = {}
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "KEY_PREFIX": f"{GAMIFY_PREFIX}-cache",
        **redis_settings(GAMIFY_REDIS_URL),
    }
}
SESSION_ENGINE = "gamify_site.players.sessions"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Accounts

AUTH_USER_MODEL = "players.Account"
AUTHENTICATION_BACKENDS = ["gamify_site.players.backend.RedisBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

# Browsers

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if GAMIFY_DEMO else 31_536_000  # sent through TLS alone
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CSP_NONCE = "<CSP_NONCE_SENTINEL>"  # the one of Django 6, which sends the policy itself
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'", CSP_NONCE],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "connect-src": ["'self'", *environment.origin(GAMIFY_LIVE_URL)],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "form-action": ["'self'"],
}
UNUSED_FEATURES = (  # of browsers; the header Permissions-Policy denies them to the pages and to all that they embed
    "accelerometer",
    "browsing-topics",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

# Language, time and files

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # those that the texts are complete in, each as it calls itself
LANGUAGE_COOKIE_AGE = 31_536_000  # seconds
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "gamify_site" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # files come straight from the packages and static/: no collect step

# Logs go to standard error: one line for each warning; JSON, but for the demo, where people read them.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "gamify_site.logs.JsonLines"},
    },
    "filters": {"request_id": {"()": "gamify_site.logs.RequestIdFilter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line" if GAMIFY_DEMO else "json",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "gamify.security": {"level": "INFO"},  # who logs in, and who is refused
        "django.request": {"level": "ERROR"},  # a page that is not there is no news
        "_granian": {"handlers": [], "level": "ERROR", "propagate": True},
    },
}
