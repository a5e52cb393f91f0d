"""``manage.py startdashboard``: what it writes runs, and its test passes."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from dashboards.management.commands.startdashboard import add_include, write_all

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
        (("shop", "class"), "'class' is no name of a class"),
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
        f"\ufeff{URLS}",
        URLS.replace("]\n", "]\r\n"),
    ],
    ids=["other name", "other import", "one line", "no comma", "mark", "mixed line ends"],
)
def test_urls_that_are_written_otherwise_are_left_to_the_author(source: str):
    assert add_include(source) is None


def test_urls_with_line_ends_of_windows_or_unusual_characters_keep_them():
    """Regression: line ends of Windows became others, and a text with a line separator was split
    into two lines, which is no Python any more."""
    added = add_include(URLS.replace("\n", "\r\n"))
    assert added is not None
    assert added.count("\r\n") == added.count("\n") == URLS.count("\n") + 1
    added = add_include(f'TITLE = "one\u2028two"\n{URLS}')
    assert added is not None
    assert 'TITLE = "one\u2028two"\n' in added
    compile(added, "urls.py", "exec")


def test_urls_in_another_encoding_are_left_to_the_author(project: Path):
    """Regression: the command ended with a UnicodeDecodeError after it had written its files."""
    run(project, "manage.py", "startapp", "latin")
    settings, urls = project / "mysite/settings.py", project / "mysite/urls.py"
    before = settings.read_text(), urls.read_bytes()
    settings.write_text(f"{before[0]}INSTALLED_APPS += ['latin']\n")
    urls.write_bytes("# coding: latin-1\n# caf\xe9\nurlpatterns = []\n".encode("latin-1"))
    try:
        done = run(project, "manage.py", "startdashboard", "latin")
    finally:
        settings.write_text(before[0])
        urls.write_bytes(before[1])
    assert done.returncode == 0, done.stdout
    assert f"Add to the urlpatterns of {urls}" in done.stdout


def test_file_that_cannot_be_written_leaves_none_of_the_others(tmp_path: Path):
    """Regression: the dashboard was written and the test was not. The command then refused to run
    again, because the dashboard existed."""
    written, refused = tmp_path / "dashboards.py", tmp_path / "missing/test_dashboards.py"
    with pytest.raises(CommandError, match=r"nothing was written\.$"):
        write_all({written: "one", refused: "two"})
    assert not written.exists()
