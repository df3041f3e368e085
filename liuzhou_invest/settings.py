"""Every setting of the program. All that differs between machines comes from the environment;
`.env.example` lists the names. Without any, the program runs on this machine alone:
SQLite, a broker in a folder, Chinese, debug off."""

import atexit
import contextlib
import logging
import os
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")


def own_secret(path: Path) -> str:
    """This machine's secret, made once and kept beside its data. Of two processes that start
    together the first one's secret stands."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


# --- Where things are kept -------------------------------------------------------------

TESTING = "pytest" in sys.modules
if TESTING:  # every test process has a folder of its own and takes it along when it ends
    DATA_DIR = Path(tempfile.mkdtemp(prefix="liuzhou-invest-"))
    atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
    MEDIA_ROOT = DATA_DIR / "files"
else:
    DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(DATA_DIR / "files"))).resolve()
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns of a missing one
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
if (BASE_DIR / "static_vendor").is_dir():
    STATICFILES_DIRS.append(BASE_DIR / "static_vendor")

# --- Who may reach it --------------------------------------------------------------------

PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = os.environ.get("SECRET_KEY", "")  # not through env(): it would follow a leading "$"
if not SECRET_KEY:
    if PRODUCTION:
        raise ImproperlyConfigured("SECRET_KEY must be set in production.")
    SECRET_KEY = own_secret(DATA_DIR / "secret_key")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG must be off in production.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

DEMO = env.bool("DEMO", default=not PRODUCTION)  # whether `up` fills an empty database with the demo city
MIN_FREE_MB = env.int("MIN_FREE_MB", default=200)

# --- What it is made of --------------------------------------------------------------------

# Along the import line. The rows of their models leave a trail (core/triggers.py).
OUR_APPS = [
    "core",
    "accounts",
    "taskforces",
    "ledgers",
    "projects",
    "outreach",
    "approvals",
    "briefings",
    "liuzhou_invest",
]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "django_filters",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "axes",
    "csp",
    "lucide",
    *OUR_APPS,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.pages.NoStoreMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.sessions.LimitsMiddleware",
    "core.language.ChineseFirst",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.audit.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "core.errors.RefusalMiddleware",
]

ROOT_URLCONF = "liuzhou_invest.urls"
WSGI_APPLICATION = "liuzhou_invest.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "liuzhou_invest.menu.menu",
            ],
        },
    }
]

# --- Database, broker, cache -------------------------------------------------------------------

# SQLite's defaults lose writes under two processes ("database is locked"); these do not.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-20000;"
    ),
}
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'city.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    # A file, not memory: threads, the browser tests' server and a real worker share it as in life.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASES["default"].update(CONN_MAX_AGE=0 if TESTING else 300, CONN_HEALTH_CHECKS=True)
    # PostgreSQL compiles large queries anew each time: that cost up to four seconds for one of half a second.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL", default="")
CACHES = {
    "default": (
        {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 5},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    )
}
# Broker and cache may share one Redis: cache keys carry a prefix, and nobody may clear the whole cache.
CACHES["default"]["KEY_PREFIX"] = env(
    "CACHE_PREFIX", default=f"test-{DATA_DIR.name}" if TESTING else "invest"
)

# --- Celery ----------------------------------------------------------------------------------------

BROKER_DIR = DATA_DIR / "broker"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    # Longer than the hard limit below: a task that still runs must not be handed out again.
    {"visibility_timeout": 1800, "socket_connect_timeout": 2, "socket_timeout": 30}
    if REDIS_URL
    else {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.25,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = env("CELERY_QUEUE", default=DATA_DIR.name if TESTING else "invest")
# A page does not wait for a broker that is away: the row is written, the sweeper sends it later.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_TIME_LIMIT = 900
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- Signing in ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "accounts.access.RoleBackend"]
if TESTING:  # hundreds of sign-ins are not what the tests measure
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "/"  # Today
LOGOUT_REDIRECT_URL = "accounts:sign_in"
SESSION_COOKIE_AGE = 30 * 60  # idle minutes: GB/T 22239-2019 asks for an end to idle sessions
SESSION_SAVE_EVERY_REQUEST = False  # core.sessions notes a sign of life once a minute instead
SESSION_LONGEST = 12 * 3600  # seconds after which one signs in again, busy or not
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # the lock ends when it said it would
AXES_ENABLE_ACCESS_FAILURE_LOG = True  # every failed attempt stays on record
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "core.access.client_ip"
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # how many stand in front and add X-Forwarded-For
# The name alone locks, wherever the guesses come from, so that changing the address does not help.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]

# For how many days the link works through which an enterprise confirms that its issue is settled.
CONFIRMATION_LINK_DAYS = env.int("CONFIRMATION_LINK_DAYS", default=15)

# --- Language and time -------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_THOUSAND_SEPARATOR = False

# --- What a browser is told ----------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_SAMESITE = "Lax"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]  # asked from inside, without the proxy
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    # Browsers take a cookie of this name from this host alone, over HTTPS.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING or DEBUG
        else "core.storage.Storage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 25 * 1024 * 1024
MAX_UPLOAD_BYTES = 20 * 1024 * 1024

# --- API -------------------------------------------------------------------------------------------------

KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - the name of a model
MIGRATION_MODULES = {"knox": None}  # its own table of tokens would stand beside ours, unused
REST_KNOX = {"TOKEN_TTL": timedelta(days=180)}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.tokens.Tokens",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.limits.HasAccess"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "core.limits.Cursor",
    "DEFAULT_THROTTLE_CLASSES": ["core.limits.TokenThrottle"],
    "DEFAULT_THROTTLE_RATES": {"token": "200/min", "door": "20/min"},
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "core.api.problem",
    "COERCE_DECIMAL_TO_STRING": True,
    "NUM_PROXIES": TRUSTED_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Liuzhou Invest",
    "VERSION": "1",
    "DESCRIPTION": "Amounts are strings in 万元 (10,000 yuan) with two decimals; days are dates in Liuzhou.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["core.limits.HasAccess"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "OAS_VERSION": "3.1.1",
    # One name for each set of words, wherever a field of it stands.
    "ENUM_NAME_OVERRIDES": {
        "Stage": "projects.choices.Stage",
        "ProjectStatus": "projects.choices.Status",
        "Confidentiality": "projects.choices.Confidentiality",
        "ContractEventKind": "projects.choices.EventKind",
        "ContractVerdict": "projects.choices.Verdict",
        "SuspicionKind": "projects.choices.SuspicionKind",
        "SuspicionGrade": "projects.choices.SuspicionGrade",
        "SuspicionState": "projects.choices.SuspicionState",
        "SuspicionJudgement": "projects.choices.SuspicionVerdictKind",
        "PlanState": "projects.choices.PlanState",
        "Currency": "projects.choices.Currency",
        "SigningKind": "projects.api.sent.SIGNING_KINDS",
        "LedgerState": "ledgers.choices.LedgerState",
        "LedgerRowVerdict": "ledgers.choices.Verdict",
        "LedgerRowDecision": "ledgers.choices.Decision",
        "LedgerCellState": "ledgers.choices.State",
        "LedgerQuestionKind": "ledgers.choices.QuestionKind",
        "ItemState": "approvals.choices.ItemState",
        "ItemEventKind": "approvals.choices.ItemEventKind",
        "ItemHappening": "approvals.api.items.HAPPENINGS",
        "IssueState": "approvals.choices.IssueState",
        "IssueReturnReason": "approvals.choices.ReturnReason",
        "SupportState": "approvals.choices.SupportState",
        "SupportKind": "approvals.choices.SupportKind",
        "AssistanceState": "approvals.choices.AssistanceState",
        "AssistanceStep": "approvals.choices.AssistanceEventKind",
        "BriefingState": "briefings.choices.BriefingState",
        "ReviewKind": "briefings.choices.ReviewKind",
        "MeetingState": "briefings.models.meeting.MeetingState",
        "DecisionState": "briefings.models.meeting.DecisionState",
    },
}

# --- Mail --------------------------------------------------------------------------------------------------

# The address under which people reach the program: links in mails begin with it.
BASE_URL = env("BASE_URL", default="").rstrip("/") or (
    f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else "http://127.0.0.1:8000"
)
MAIL_DOMAIN = BASE_URL.split("//")[-1].split(":")[0].split("/")[0]
# Without a server named, every mail becomes a file: nothing leaves this machine.
MAIL = env.email_url("EMAIL_URL", default=f"filemail:///{DATA_DIR / 'mails'}")
EMAIL_BACKEND = MAIL["EMAIL_BACKEND"]
EMAIL_FILE_PATH = MAIL["EMAIL_FILE_PATH"]
EMAIL_HOST, EMAIL_PORT = MAIL["EMAIL_HOST"] or "localhost", MAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL["EMAIL_HOST_USER"] or "", MAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.get("EMAIL_USE_TLS", False), MAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds: a server that does not answer must not hold a worker
DEFAULT_FROM_EMAIL = env("MAIL_FROM", default="") or f"no-reply@{MAIL_DOMAIN}"


def worth_a_line(record: logging.LogRecord) -> bool:
    """The heartbeat comes every ten seconds: only its failure is news."""
    return record.levelno >= logging.WARNING or "core.tasks.heartbeat" not in record.getMessage()


LOG_LEVEL = env("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"quiet": {"()": "django.utils.log.CallbackFilter", "callback": worth_a_line}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["quiet"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
