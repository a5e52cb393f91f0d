"""Both packages in one environment, in either order: an error or a warning says so.

Files of django-dashboards lie beside ours or replace them. These are the ones that count: a module
of ours was hidden by its folder of the same name, so that Django could not start, and the system
check for this very case was never run.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

OLDER = {
    "dashboards/__init__.py": "",
    "dashboards/apps.py": "from django.apps import AppConfig\n\n\n"
    "class DashboardConfig(AppConfig):\n    name = 'dashboards'\n",
    "dashboards/config.py": "",
    "dashboards/component/__init__.py": "from .gauge import Gauge\n",
    "dashboards/component/gauge/__init__.py": "from .gauge import Gauge\n",
    "dashboards/component/gauge/gauge.py": "from dashboards.component import Component\n",
    "dashboards/exceptions.py": "class DashboardError(Exception):\n    pass\n",
    "dashboards/templates/dashboards/components/text/text.html": "{% load older %}",
    "dashboards/urls.py": "from dashboards import config, views\n",
    "django_dashboards-0.1.7.dist-info/METADATA": "Name: django-dashboards\n",
    "django_dashboards-0.1.7.dist-info/RECORD": "dashboards/__init__.py,,\n",
}
SETTINGS = """
SECRET_KEY = "x"
INSTALLED_APPS = ["django.contrib.contenttypes", "django_htmx", "dashboards"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ROOT_URLCONF = "both_urls"
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
]
"""
URLS = """
from django.urls import include, path

urlpatterns = [path("", include("dashboards.urls"))]
"""


def install_older(folder: Path) -> None:
    for name, text in OLDER.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def install_ours(folder: Path) -> None:
    shutil.copytree(
        ROOT / "src" / "dashboards",
        folder / "dashboards",
        ignore=shutil.ignore_patterns("__pycache__"),
        dirs_exist_ok=True,
    )


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (
            (install_older, install_ours),
            "(dashboards.E080) The installed distribution django-dashboards has a package",
        ),
        (
            (install_ours, install_older),
            "ImportError: The package django-dashboards has overwritten files of django-live-",
        ),
    ],
    ids=["ours last", "older last"],
)
def test_both_packages_in_one_environment_are_reported(
    tmp_path: Path, order: tuple[object, ...], text: str
):
    for install in order:
        assert callable(install)
        install(tmp_path)
    (tmp_path / "both_settings.py").write_text(SETTINGS)
    (tmp_path / "both_urls.py").write_text(URLS)

    done = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "both_settings",
        },
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert done.returncode != 0
    assert text in done.stderr
    assert "pip uninstall django-dashboards django-live-dashboards" in done.stderr
    assert "W085" not in done.stderr
