"""Settings of the demo: only what its dashboards need."""

import os
import socket
from pathlib import Path

import psutil

BASE_DIR = Path(__file__).resolve().parent

# There are no sessions and no logins. The key signs only the links that Pushpin requests, for what
# everybody may read; the tokens of forms are not signatures but a cookie that is sent twice.
SECRET_KEY = "a demo has nothing to keep secret"
DEBUG = os.environ.get("DEMO_DEBUG") == "1"

# This machine's own names and addresses, so that a phone in the same network can open it. Not "*":
# a foreign site could then point its own name to this address and read the pages.
ALLOWED_HOSTS = [
    "localhost",
    "[::1]",
    socket.gethostname(),
    *(
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ),
]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "django_htmx",
    "dashboards",
    "dashboards.contrib.system",
    "django_eventstream",
    "demo.shop",
    "demo.machine",
    "demo.ways",
    "demo.pieces",
]
MIDDLEWARE = [
    "dashboards.contrib.system.middleware.RequestCounterMiddleware",
    "demo.middleware.PageGZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "demo.middleware.content_security_policy",
    "django.middleware.common.CommonMiddleware",
]
if "DEMO_GRIP_URL" in os.environ:
    # Behind Pushpin, by `make demo-pushpin`.
    MIDDLEWARE.insert(0, "django_grip.GripMiddleware")
    GRIP_URL = os.environ["DEMO_GRIP_URL"]
STATIC_URL = "/static/"
if "DEMO_STATIC_ROOT" in os.environ:
    # By `make demo`, after collectstatic: files are compressed, and browsers keep them for ever.
    STATIC_ROOT = os.environ["DEMO_STATIC_ROOT"]
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "demo.storage.Storage"},
    }
    # Where scripts/bundles.sh has installed them.
    _bundles = BASE_DIR.parent.glob(".venv/bundles/node_modules/plotly.js-*-dist-min")
    STATICFILES_DIRS = [("dashboards/plotly", each) for each in _bundles]
    MIDDLEWARE.insert(0, "servestatic.middleware.ServeStaticMiddleware")
ROOT_URLCONF = "demo.urls"
# Nobody can sign in here, so the dashboard that is for staff stays closed.
SILENCED_SYSTEM_CHECKS = ["dashboards.W086"]
ASGI_APPLICATION = "demo.asgi.application"
WSGI_APPLICATION = "demo.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before those of apps: a template with the name of one of the package's replaces it.
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {"extensions": ["dashboards.jinja2.DashboardsExtension"]},
    },
]
DASHBOARDS = {
    "COMPONENT_CSS_CLASSES": {"Text": {"content": "is-prose"}},
}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", BASE_DIR / "db.sqlite3"),
        "OPTIONS": {
            # Readers and writers do not wait for each other, and a push does not wait for the
            # disk: a value that is lost in a crash is replaced by the next one.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            "timeout": 20,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
