"""All settings, from the environment. What may be set, and what each back end needs, stands in docs/running.md."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from agileml.lib import env

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("AGILEML_DATA", BASE_DIR / "var")).resolve()

DATABASE_URL = os.environ.get("DATABASE_URL", "")
REDIS_URL = os.environ.get("REDIS_URL", "")
EMBEDDED = not DATABASE_URL
RELEASE = "0.1.0"

DEBUG = env.flag("AGILEML_DEBUG")
SECRET_KEY = env.kept_secret("AGILEML_SECRET_KEY", folder=DATA / "keys", embedded=EMBEDDED)
# What the secrets of sources and webhooks are encrypted with: the first key writes, the others still read.
FIELD_KEYS = env.kept_keys("AGILEML_FIELD_KEYS", folder=DATA / "keys", embedded=EMBEDDED)
ALLOWED_HOSTS = env.words("AGILEML_ALLOWED_HOSTS", default="127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("AGILEML_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "axes",
    "csp",
    "agileml.accounts",
    "agileml.journal",
    "agileml.projects",
    "agileml.work",
    "agileml.metrics",
    "agileml.planning",
    "agileml.ingest",
    "agileml.demos",
    "agileml.transfer",
    "agileml.web",
    "agileml.ops",
]

MIDDLEWARE = [
    "agileml.web.reading.as_utf8",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "agileml.web.errors.DoorsMiddleware",
]

ROOT_URLCONF = "agileml.urls"
WSGI_APPLICATION = "agileml.wsgi.application"
ASGI_APPLICATION = "agileml.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
        },
    }
]

DATABASES: dict[str, Any]
if EMBEDDED:
    DATABASES = {
        "default": {
            "ENGINE": "agileml.lib.sqlite",
            "NAME": DATA / "agileml.sqlite3",
            "OPTIONS": {
                # Without IMMEDIATE two writers that both read first fail with "database is locked" at once.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
            "CONN_MAX_AGE": None,
        }
    }
else:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
    if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database; leave it unset for SQLite.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
HTTPS = env.flag("AGILEML_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}


def redis_cache(url: str) -> dict[str, Any]:
    """A cache in Redis. What is kept there is worth a tenth of a second and no second attempt: agileml/lib/rates.py."""
    impatient = {"socket_connect_timeout": 0.1, "socket_timeout": 0.1, "retry": Retry(NoBackoff(), 0)}
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "agileml",
        "OPTIONS": impatient,
    }


CACHES: dict[str, Any] = {
    "default": redis_cache(REDIS_URL)
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
}

# How often a minute: a token (or a person in a browser) reads and writes by the API, an address guesses, those behind
# one address look at what share links show and say something of it, and all together guess the passphrase of a link.
RATES = {
    "read": int(env.number("AGILEML_RATE_READ", default=6000, least=1)),
    "write": int(env.number("AGILEML_RATE_WRITE", default=3000, least=1)),
    "failed": int(env.number("AGILEML_RATE_FAILED", default=30, least=1)),
    "look": int(env.number("AGILEML_RATE_LOOK", default=6000, least=1)),
    "say": int(env.number("AGILEML_RATE_SAY", default=1000, least=1)),
    "unlock": int(env.number("AGILEML_RATE_UNLOCK", default=300, least=1)),
}
# How many proxies of our own stand in front: what they say of where a request comes from is believed.
PROXIES = int(env.number("AGILEML_PROXIES", default=0))

AXES_CLIENT_IP_CALLABLE = "agileml.lib.rates.caller"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
# By itself axes looks for a field named as the user's column, finds none, and counts nobody's failures.
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "agileml.web.login.who_tries"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "login/locked.html"

LANGUAGE_CODE = "en"
USE_I18N = False
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA / "uploads"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "agileml.api.auth.BearerAuthentication",
        "agileml.api.auth.BrowserSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["agileml.api.auth.TokenMayDoThis"],
    "DEFAULT_THROTTLE_CLASSES": ["agileml.api.rates.ByToken"],
    "DEFAULT_RENDERER_CLASSES": ["agileml.api.render.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["agileml.api.render.StrictJsonParser"],
    "EXCEPTION_HANDLER": "agileml.api.problems.handle",
    "DEFAULT_SCHEMA_CLASS": "agileml.api.schema.auto.Described",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AgileML",
    "DESCRIPTION": "Whatever a page can do, through the same actions, with the same refusals.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "DEFAULT_GENERATOR_CLASS": "agileml.api.schema.auto.Generator",
    "POSTPROCESSING_HOOKS": [],
}

# Where people reach this installation, for links that it leaves elsewhere; without it none are left.
PUBLIC_URL = os.environ.get("AGILEML_PUBLIC_URL", "").rstrip("/")

# Metric files are read only below these folders: an address typed by a user must not reach the rest of the disk.
METRIC_ROOTS = [Path(root).resolve() for root in env.words("AGILEML_METRIC_ROOTS")] or (
    [DATA / "metrics"] if EMBEDDED else []
)
# Hosts of sources and webhooks that may be inside of a private network; every other address must be public.
ALLOWED_SOURCE_HOSTS = env.words("AGILEML_ALLOWED_SOURCE_HOSTS")
SWEEP_SECONDS = env.number("AGILEML_SWEEP_SECONDS", default=2 if EMBEDDED else 5, least=0.2)
LEASE_SECONDS = env.number("AGILEML_LEASE_SECONDS", default=60, least=1)
PRUNE_SECONDS = 600

CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any]
if REDIS_URL:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
else:
    CELERY_BROKER_TRANSPORT = "agileml.lib.broker.Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(DATA / "broker" / "queue"),
        "data_folder_out": str(DATA / "broker" / "queue"),
        "control_folder": str(DATA / "broker" / "control"),
        "polling_interval": 0.1,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep the sources that are due": {
        "task": "ingest.sweep",
        "schedule": SWEEP_SECONDS,
        # A queue that stood still must not come back with an hour of old sweeps.
        "options": {"expires": SWEEP_SECONDS},
    },
    "forget the answers that need not be kept": {
        "task": "journal.forget_answers",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "sweep the webhooks that something waits for": {
        "task": "webhooks.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS},
    },
    "forget old deliveries of webhooks": {
        "task": "webhooks.prune",
        "schedule": PRUNE_SECONDS,
        "options": {"expires": PRUNE_SECONDS},
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"()": "agileml.lib.logs.Discreet", "format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("AGILEML_LOG_LEVEL", "INFO")},
    "loggers": {
        "axes": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        # Three lines for each sweep would bury what the sweeps find, which the tasks log themselves.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
