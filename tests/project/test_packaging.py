"""A wheel of what git holds, installed into an empty environment, is a working package."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
BESIDE_US = {"django", "asgiref", "sqlparse"}
MEGABYTE = 1_000_000

# An empty virtual environment is filled from a package index.
pytestmark = pytest.mark.timeout(180)

PROJECT = {
    "manage.py": """
        import os, sys
        from django.core.management import execute_from_command_line

        os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
        execute_from_command_line(sys.argv)
    """,
    "site_settings.py": """
        from pathlib import Path

        SECRET_KEY = "of-no-worth"
        DEBUG = True
        ALLOWED_HOSTS = ["testserver"]
        ROOT_URLCONF = "site_urls"
        INSTALLED_APPS = [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "django_htmx",
            "dashboards",
            "shop",
        ]
        MIDDLEWARE = [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ]
        TEMPLATES = [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"]
                },
            }
        ]
        DATABASES = {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": Path(__file__).with_name("db.sqlite3"),
                "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL;"},
            }
        }
        STATIC_URL = "/static/"
        USE_TZ = True
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    """,
    "site_urls.py": """
        from django.urls import include, path

        urlpatterns = [path("", include("dashboards.urls"))]
    """,
    "shop/__init__.py": "",
    "shop/dashboards.py": """
        from dashboards.component import Stat, Text
        from dashboards.dashboard import Dashboard
        from dashboards.registry import registry


        @registry.register
        class Till(Dashboard):
            note = Text(value="Open since nine")
            takings = Stat(value={"text": "128", "sub_text": "today"}, live=True)
    """,
}


@dataclass(frozen=True)
class Site:
    """A small project and the virtual environment that runs it."""

    python: Path
    packages: Path
    project: Path

    def run(self, *args: str) -> str:
        """Run this environment's Python in the project, and return what it said."""
        return run([str(self.python), *args], cwd=self.project)


def run(command: Sequence[str], cwd: Path) -> str:
    # Nothing of the environment that runs these tests may leak into the one that is tested.
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DJANGO_", "COV_", "COVERAGE_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def clone(into: Path) -> None:
    """Copy what git holds or would be given: in a clean checkout, what a clone has.

    A file that is ignored does not come along, so nothing generated can be needed.
    """
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, into / name
        # A file removed but not yet committed is listed, too.
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made in the way of a release: from the source distribution of a clean clone."""
    checkout = tmp_path_factory.mktemp("clone")
    clone(checkout)
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", "dist"], cwd=checkout)
    [built] = (checkout / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The wheel and what it depends on, in an empty virtual environment, under a small project."""
    environment = tmp_path_factory.mktemp("site")
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(wheel)],
        cwd=environment,
    )
    [packages] = environment.glob("lib/python*/site-packages")

    project = environment / "project"
    for name, text in PROJECT.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
    site = Site(python, packages, project)
    site.run("manage.py", "migrate")
    return site


def test_core_installs_only_django_and_django_htmx_below_five_megabytes(site: Site):
    sizes = {
        distribution.name.lower(): sum(
            Path(str(file.locate())).stat().st_size for file in distribution.files or ()
        )
        for distribution in distributions(path=[str(site.packages)])
    }

    # Python 3.11's asgiref brings typing_extensions; it is counted, as if it were ours.
    assert set(sizes) - BESIDE_US - {"typing_extensions"} == {
        "django-live-dashboards",
        "django-htmx",
    }
    ours = sum(size for name, size in sizes.items() if name not in BESIDE_US)
    assert 0 < ours < 5 * MEGABYTE, sizes


def test_system_checks_of_the_installed_wheel_report_nothing(site: Site):
    assert "no issues (0 silenced)" in site.run("manage.py", "check", "--fail-level", "DEBUG")


def test_migrations_of_the_installed_wheel_are_complete(site: Site):
    assert "[X] 0001_" in site.run("manage.py", "showmigrations", "dashboards")
    assert "No changes detected" in site.run("manage.py", "makemigrations", "--check", "--dry-run")


@pytest.mark.parametrize("name", ["dashboards/css/dashboards.css", "dashboards/js/live.js"])
def test_static_files_of_the_installed_wheel_are_found(site: Site, name: str):
    found = site.run("manage.py", "findstatic", "--first", "--verbosity", "0", name).strip()

    assert Path(found) == site.packages / "dashboards" / "static" / name


def test_type_marker_is_in_the_installed_wheel(site: Site):
    assert (site.packages / "dashboards" / "py.typed").is_file()


def test_dashboard_of_the_installed_wheel_is_served(site: Site):
    page = site.run(
        "manage.py",
        "shell",
        "--no-imports",
        "--command",
        dedent("""
            from django.template.loader import get_template
            from django.test import Client
            from django.urls import reverse

            print("template", get_template("dashboards/dashboard.html").origin.name)
            answer = Client().get(reverse("dashboards:shop_till"))
            print("status", answer.status_code)
            print(answer.content.decode())
        """),
    )

    assert f"template {site.packages}/dashboards/templates/dashboards/dashboard.html" in page
    assert "status 200" in page
    assert "Open since nine" in page
    assert "128" in page
