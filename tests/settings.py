"""The site's settings for tests: nothing of the environment, a fast password hash, no data store but the fixtures'."""

import os

for name in [name for name in os.environ if name.startswith("GAMIFY_")]:
    del os.environ[name]
os.environ["GAMIFY_SECRET_KEY"] = "only-for-tests-and-long-enough-for-serve"
# Nothing listens there: a test without the `store` fixture fails at once instead of writing to somebody's data.
os.environ["GAMIFY_REDIS_URL"] = "unix:///nonexistent/gamify-tests.sock"

from gamify_site.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver"]
