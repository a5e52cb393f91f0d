"""Settings of the tests: a small project with what a dashboard needs, and nothing else."""

import atexit
import json
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if "TEST_FOLDER" in os.environ:
    FOLDER = Path(os.environ["TEST_FOLDER"])
else:
    FOLDER = Path(tempfile.mkdtemp(prefix="dashboards-tests-"))
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)

SECRET_KEY = "for tests only"
DEBUG = os.environ.get("TEST_DEBUG") == "1"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.urls"
WSGI_APPLICATION = "tests.wsgi.application"
USE_TZ = True
STATIC_URL = os.environ.get("TEST_STATIC_URL", "/static/")
LOGIN_URL = "/login/"
FORCE_SCRIPT_NAME = os.environ.get("TEST_SCRIPT_NAME")
# Hundreds of users are made here, and none has anything to lose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "dashboards",
    "tests.site",
    "tests.books",
    *os.environ.get("TEST_APPS", "").split(),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tests.site.middleware.content_security_policy",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]
# The unit tests run without optional packages.
if find_spec("django_filters"):
    INSTALLED_APPS.append("django_filters")
if find_spec("jinja2"):
    TEMPLATES.append(
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "APP_DIRS": True,
            "OPTIONS": {"environment": "dashboards.jinja2.environment"},
        }
    )
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "OPTIONS": {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            "timeout": 20,
        },
        "TEST": {"NAME": FOLDER / "test.sqlite3"},
    }
}
if "TEST_DATABASES" in os.environ:
    DATABASES = json.loads(os.environ["TEST_DATABASES"])
DASHBOARDS: dict[str, Any] = {
    "HEARTBEAT_SECONDS": float(os.environ.get("TEST_HEARTBEAT", "10")),
    "CLIENT_ADDRESS_HEADER": os.environ.get("TEST_CLIENT_HEADER", ""),
    "MAX_STREAMS": int(os.environ.get("TEST_MAX_STREAMS", "10000")),
    "STREAM_MAX_AGE_SECONDS": float(os.environ.get("TEST_MAX_AGE", "300")),
}
DASHBOARDS["RELEASE"] = os.environ.get("TEST_RELEASE")
DASHBOARDS["RELOAD_SPREAD_SECONDS"] = float(os.environ.get("TEST_RELOAD_SPREAD", "0.2"))
DASHBOARDS["FORGET_AFTER_SECONDS"] = float(os.environ.get("TEST_FORGET_AFTER", "3600"))
if "TEST_MAX_FRAME" in os.environ:
    DASHBOARDS["MAX_FRAME_BYTES"] = int(os.environ["TEST_MAX_FRAME"])
if "TEST_STORES" in os.environ:
    DASHBOARDS["STORES"] = json.loads(os.environ["TEST_STORES"])
DASHBOARDS["MAX_COMPUTE_THREADS"] = int(os.environ.get("TEST_COMPUTE_THREADS", "8"))
DASHBOARDS["PAGE_WAIT_SECONDS"] = float(os.environ.get("TEST_PAGE_WAIT", "5"))
DASHBOARDS["POLL_MILLISECONDS"] = int(os.environ.get("TEST_POLL", "1000"))
DASHBOARDS["GRIP_POLL_SECONDS"] = float(os.environ.get("TEST_GRIP_POLL", "30"))
if "TEST_GRIP" in os.environ:
    # GRIP_URL, GRIP_PROXIES and the like.
    MIDDLEWARE.insert(0, "django_grip.GripMiddleware")
    globals().update(json.loads(os.environ["TEST_GRIP"]))
if os.environ.get("TEST_EVENTSTREAM") == "1":
    INSTALLED_APPS.append("django_eventstream")
    ROOT_URLCONF = "tests.urls_eventstream"
    EVENTSTREAM_CHANNELMANAGER_CLASS = "dashboards.eventstream.DashboardChannelManager"
if "TEST_LOGGING" in os.environ:
    LOGGING = json.loads(os.environ["TEST_LOGGING"])
if os.environ.get("TEST_LIGHT") == "1":
    # Most of what it costs to open a stream, for tests that open thousands.
    MIDDLEWARE = []
    DASHBOARDS["STORES"] = {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}
