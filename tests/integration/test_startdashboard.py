"""``manage.py startdashboard``: what it writes runs, and its test passes."""

import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.management.commands.startdashboard import add_include

URLS = """from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new project with an app and the package."""
    folder = tmp_path_factory.mktemp("project")
    run(folder, "-m", "django", "startproject", "mysite", ".")
    run(folder, "manage.py", "startapp", "shop")
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write("INSTALLED_APPS += ['django_htmx', 'dashboards', 'shop']\n")
    return folder


def test_dashboard_is_written_once_and_its_test_passes(project: Path):
    done = run(project, "manage.py", "startdashboard", "shop", "DailySales")
    assert done.returncode == 0, done.stdout
    assert "open /dashboards/shop/dailysales/" in done.stdout
    tested = run(project, "manage.py", "test", "shop")
    assert "Ran 2 tests" in tested.stdout
    assert tested.returncode == 0, tested.stdout
    listed = run(project, "manage.py", "dashboards").stdout
    assert "/dashboards/shop/dailysales/" in listed

    again = run(project, "manage.py", "startdashboard", "shop", "Others")
    assert again.returncode == 1
    assert "dashboards.py exists already; nothing was written." in again.stdout
    assert "Others" not in (project / "shop/dashboards.py").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "No installed app with label 'nowhere'"),
        (("shop", "1st"), "'1st' is no name of a class"),
    ],
)
def test_unknown_app_or_unusable_name_is_refused(
    project: Path, arguments: tuple[str, ...], message: str
):
    done = run(project, "manage.py", "startdashboard", *arguments)
    assert done.returncode == 1
    assert message in done.stdout


def test_urls_are_included_at_the_end_of_the_list():
    added = add_include(URLS)
    assert added is not None
    assert "from django.urls import include, path\n" in added
    assert added.endswith(
        """    path("admin/", admin.site.urls),
    path("dashboards/", include("dashboards.urls")),
]
"""
    )


@pytest.mark.parametrize(
    "source",
    [
        URLS.replace("urlpatterns = [", "patterns = ["),
        URLS.replace("import path", "import (path)"),
        URLS.replace("urls),\n]", "urls)]"),
        URLS.replace("urls),\n]", "urls)\n]"),
    ],
    ids=["other name", "other import", "one line", "no comma"],
)
def test_urls_that_are_written_otherwise_are_left_to_the_author(source: str):
    assert add_include(source) is None
