"""The product's settings, with what only a test run may do differently."""

import os

from agileml.settings import *  # noqa: F403 -- a test run differs from the product in the lines below and nowhere else
from agileml.settings import DATA, DATABASES, RATES

# A connection kept open across threads would hold the test database when it is to be dropped.
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"] == "agileml.lib.sqlite":
    # A file, never memory: threads, live servers and workers must meet in it through connections of their own.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA / "agileml.sqlite3")}
else:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}_{worker}"}

# Argon2 is slow on purpose; a suite that logs in a thousand times need not be.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Many tests in a minute from one address are no attack; what tries the limits sets its own.
RATES = dict.fromkeys(RATES, 1_000_000)
