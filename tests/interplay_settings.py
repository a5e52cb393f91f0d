"""A site with many other packages at once, to see that dashboards are live beside them."""

import django

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, FOLDER

ROOT_URLCONF = "tests.interplay.urls"
AUTH_USER_MODEL = "interplay.Member"
LOGIN_URL = "account_login"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces.
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "debug_toolbar",
    "django_htmx",
    "django_tasks_db",
    "dashboards",
    "dashboards.contrib.system",
    "tests.interplay",
]
HAS_CSP = django.VERSION >= (6, 0)
MIDDLEWARE = [
    "dashboards.contrib.system.middleware.RequestCounterMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Where Django has none yet, one that sends the same policy.
    "django.middleware.csp.ContentSecurityPolicyMiddleware"
    if HAS_CSP
    else "tests.interplay.policy.content_security_policy",
    "tests.interplay.policy.admin_without_policy",
    "django.middleware.gzip.GZipMiddleware",
    "debug_toolbar.middleware.DebugToolbarMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *(["django.template.context_processors.csp"] if HAS_CSP else []),
            ]
        },
    },
]
SECURE_CSP = {
    "default-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    **({"script-src": ["'self'", "<CSP_NONCE_SENTINEL>"]} if HAS_CSP else {}),
}

STATIC_ROOT = FOLDER / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tests.interplay.storage.GzipManifestStorage"},
}

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

DEBUG_TOOLBAR_CONFIG = {
    "IS_RUNNING_TESTS": False,
    "SHOW_TOOLBAR_CALLBACK": "tests.interplay.policy.show_toolbar",
}
DATABASES = {
    name: {**DATABASES["default"], "NAME": FOLDER / f"{name}.sqlite3"}
    for name in ("default", "live")
}
DATABASE_ROUTERS = ["tests.interplay.routers.LiveRouter"]
