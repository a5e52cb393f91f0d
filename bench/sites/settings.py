"""One small project for every Django site of the bench; ``BENCH_SITE`` names the one to serve."""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["BENCH_FOLDER"])

SECRET_KEY = "for figures only"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = f"bench.sites.{os.environ.get('BENCH_SITE', 'ours')}"
STATIC_URL = "/static/"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_eventstream",
    "dashboards",
    "bench.sites",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
if "BENCH_GRIP" in os.environ:
    # Behind Pushpin: GRIP_URL or GRIP_PROXIES.
    MIDDLEWARE.insert(0, "django_grip.GripMiddleware")
    globals().update(json.loads(os.environ["BENCH_GRIP"]))
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES: dict[str, dict[str, Any]] = {
    "default": json.loads(os.environ.get("BENCH_DATABASE", "null"))
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            "timeout": 20,
        },
    }
}
DASHBOARDS = {
    "STORES": {
        "default": json.loads(os.environ.get("BENCH_STORE", "null"))
        or {"BACKEND": "dashboards.live.stores.database.DatabaseStore"}
    },
    # No stream of a long run ends at its maximum age: reconnections are another figure.
    "STREAM_MAX_AGE_SECONDS": 86_400,
}
EVENTSTREAM_CHANNELMANAGER_CLASS = "bench.sites.eventstream.ChannelManager"
