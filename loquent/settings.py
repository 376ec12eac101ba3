"""All settings, read from the environment alone. docs/self-hosting.md explains each variable."""

import sys
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from loquent.agents.settings import *  # noqa: F403
from loquent.db.settings import database_settings
from loquent.env import envbool, envint, envlist, envnetworks, envsecret, envstr, require_modules
from loquent.limits import Limits
from loquent.mail import mail_settings
from loquent.rest.settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401
from loquent.telemetry.settings import logging_settings
from loquent.webhooks.settings import *  # noqa: F403

# Lets classes of Django be written with their types, such as ModelAdmin[Contact].
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = envbool("DEBUG", False)
# A missing key is reported by the check loquent.E001, so that commands can still say so.
SECRET_KEY = envsecret("SECRET_KEY") or "insecure-no-secret-key-is-set"
# Earlier keys: staff stay logged in, and webhooks are signed with them, too.
SECRET_KEY_FALLBACKS = [key.strip() for key in envsecret("SECRET_KEY_FALLBACKS").split(",") if key]
# The demo shop of `make run`, which shows no settings and no personal data.
DEMO_PAGE = envbool("DEMO_PAGE", DEBUG)

SITE_URL = envstr("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in {"http", "https"} or not _site.hostname or _site.path or _site.query:
    raise ImproperlyConfigured(
        f"SITE_URL={SITE_URL!r} is not an address like https://chat.example.com."
    )
SITE_IS_HTTPS = _site.scheme == "https"

# Django compares IPv6 addresses in their brackets.
_host = f"[{_site.hostname}]" if ":" in _site.hostname else _site.hostname
ALLOWED_HOSTS = envlist("ALLOWED_HOSTS") or [_host]
if DEBUG:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    # Only `runserver`, for development, needs its 20 MB. Servers are installed without it.
    *(["daphne"] if sys.argv[1:2] == ["runserver"] and find_spec("daphne") else []),
    # Before the admin: their templates override its own.
    "loquent",
    "auditlog",
    "loquent.organizations",
    "loquent.jobs",
    "loquent.mailing",
    "loquent.webhooks",
    "loquent.organizations.admin_config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "axes",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "loquent.agents",
    "contacts",
    "widgets",
]

MIDDLEWARE = [
    # The outermost two: every response passes through them.
    "loquent.server.telemetry.TelemetryMiddleware",
    "loquent.server.headers.SecurityHeadersMiddleware",
    # Before anything reads a cookie.
    "loquent.server.cookies.CookieMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "loquent.server.static_files.StaticFilesMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "loquent.organizations.audit.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "loquent.urls"
DEFAULT_EXCEPTION_REPORTER_FILTER = "loquent.server.debug_pages.CredentialFilter"
ASGI_APPLICATION = "loquent.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Database ------------------------------------------------------------------------------------

DATABASE_URL = envsecret("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'var' / 'loquent.sqlite3'}"
DATABASE_THREADS = envint("DATABASE_THREADS", 8, minimum=1)
_database = database_settings(DATABASE_URL, with_timeouts=envbool("DATABASE_TIMEOUTS", True))
DATABASE_IS_SQLITE = _database["ENGINE"] == "django.db.backends.sqlite3"
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Channels ------------------------------------------------------------------------------------

REDIS_URL = envsecret("REDIS_URL")
if REDIS_URL:
    # The Pub/Sub layer keeps sockets alive through a restart of Redis; the core layer does not.
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "loquent"},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
WORKERS = envint("WORKERS", 1, minimum=1)
TASKS = {"default": {"BACKEND": "loquent.jobs.backend.JobBackend"}}
# Whether `manage.py serve` runs background jobs; otherwise `manage.py work` has to.
JOBS_IN_SERVER = envbool("JOBS_IN_SERVER", DATABASE_IS_SQLITE)

# --- People --------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "loquent.organizations.backends.MembershipBackend",
]
# Wrong passwords are counted in the database: for all processes, with or without Redis.
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = envint("SIGN_IN_FAILURES", 5, minimum=1)
AXES_COOLOFF_TIME = timedelta(minutes=envint("SIGN_IN_PAUSE_MINUTES", 15, minimum=1))
AXES_RESET_ON_SUCCESS = True
# Further attempts do not extend the pause.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "loquent.organizations.site.sign_in.request_network"
AXES_USERNAME_CALLABLE = "loquent.organizations.site.sign_in.lockout_username"
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

AUDITLOG_LOGENTRY_MODEL = "organizations.AuditEntry"
# Its migrations would create the table of the model that ours replaces.
MIGRATION_MODULES = {"auditlog": None}
# "Helper → Sales" instead of two ids.
AUDITLOG_USE_FK_STRING_REPRESENTATION = True
AUDIT_LOG_DAYS = envint("AUDIT_LOG_DAYS", 365, minimum=1)

SESSION_ENGINE = "loquent.organizations.staff_sessions"
# After this time without a request, staff have to log in again.
SESSION_COOKIE_AGE = envint("SIGN_IN_IDLE_HOURS", 12, minimum=1) * 3_600
# Browsers accept a cookie named __Host-… only from this host, over https, for every path.
_prefix = "__Host-" if SITE_IS_HTTPS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}sessionid", f"{_prefix}csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
HSTS_SECONDS = envint("HSTS_SECONDS", 365 * 24 * 3_600)
SECURE_HSTS_SECONDS = HSTS_SECONDS if SITE_IS_HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    # HSTS covers this host only: we don't decide for other hosts of the domain.
    "security.W005",
    "security.W021",
    # The proxy that terminates TLS redirects http to https; without one, the server would redirect
    # to itself forever.
    "security.W008",
    # SQLite's index of the overview's figures has fewer columns, but still finds the rows.
    "models.W040",
    # The login page itself reports too many attempts (organizations/site/staff_site.py).
    "axes.W002",
]

TRUSTED_PROXY_COUNT = envint("TRUSTED_PROXY_COUNT", 0)
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Room for the largest knowledge of an agent: in JSON with every character escaped, and in a form.
# Few addresses accept more than 64 KiB (loquent/server/large_bodies.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# A body stays in memory, where the edge counts it, and is never written to /tmp.
# Django compares it with the whole form, which is larger than its file.
FILE_UPLOAD_MAX_MEMORY_SIZE = DATA_UPLOAD_MAX_MEMORY_SIZE + 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

# --- Mail ----------------------------------------------------------------------------------------

EMAIL_URL = envsecret("EMAIL_URL")
# EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT and the like.
globals().update(mail_settings(EMAIL_URL, debug=DEBUG))
# Whether links to accounts can be sent by mail.
MAIL_IS_ON = bool(EMAIL_URL) or DEBUG
DEFAULT_FROM_EMAIL = SERVER_EMAIL = envstr("DEFAULT_FROM_EMAIL") or f"loquent@{_site.hostname}"
DEFAULT_FROM_EMAIL_IS_SET = bool(envstr("DEFAULT_FROM_EMAIL"))

# --- REST API ------------------------------------------------------------------------------------

# Browser applications of other origins that call the REST API with a key. The visitors' endpoints
# set their own headers, per widget (widgets/views.py).
CORS_URLS_REGEX = r"^/api/(v1|schema)/"
CORS_ALLOWED_ORIGINS = envlist("API_CORS_ORIGINS")
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = (*default_headers, "idempotency-key", "if-match", "if-none-match")
CORS_EXPOSE_HEADERS = ("ETag", "Idempotent-Replayed", "Location", "Retry-After")

# --- Text agents ---------------------------------------------------------------------------------

OPENAI_BASE_URL = envstr("OPENAI_BASE_URL", "https://api.openai.com/v1").rstrip("/")
OPENAI_API_KEY = envsecret("OPENAI_API_KEY")
# Names that the form of an agent suggests; any other may be typed.
OPENAI_MODELS = envlist("OPENAI_MODELS")
MEANING = envbool("MEANING", True)

# --- Ceilings of the operator --------------------------------------------------------------------

# For every organization, regardless of its own settings; 0: no ceiling.
MAX_DAILY_TOKENS = envint("MAX_DAILY_TOKENS", 0)
# Names, as in OPENAI_MODELS, of the only models that may be used with the server's key.
SERVER_MODELS = envlist("SERVER_MODELS")
MAX_WIDGETS = envint("MAX_WIDGETS", 0)
# Open visitor sockets per process, of all organizations together.
MAX_SOCKETS = envint("MAX_SOCKETS", 0)

# --- Limits --------------------------------------------------------------------------------------

LIMITS = Limits.from_env()
RATE_LIMITS = envbool("RATE_LIMITS", True)

# --- The rest ------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = "loquent.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
# Where `collectstatic` has put the files: compressed, and named by their hashes, to be kept.
# Without it they are found in the source, and a digest in the address identifies the version.
STATIC_ROOT = envstr("STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "loquent.server.static_files.HashedStaticFiles"
    },
}

# Access to /metrics; disabled if both are empty.
METRICS_TOKEN = envsecret("METRICS_TOKEN")
METRICS_ALLOW = envnetworks("METRICS_ALLOW")

# The SDK reads the rest of OTEL_… by itself.
TRACING = bool(envstr("OTEL_EXPORTER_OTLP_ENDPOINT")) and not envbool("OTEL_SDK_DISABLED", False)
if TRACING:
    require_modules(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "requirements-tracing.txt",
        "opentelemetry.sdk",
        "opentelemetry.exporter.otlp.proto.http",
    )
OTEL_SERVICE_NAME = envstr("OTEL_SERVICE_NAME", "loquent-widget")

LOG_LEVEL = envstr("LOG_LEVEL", "INFO").upper()
LOG_FORMAT = envstr("LOG_FORMAT", "line").lower()
LOGGING = logging_settings(level=LOG_LEVEL, formatter=LOG_FORMAT)
