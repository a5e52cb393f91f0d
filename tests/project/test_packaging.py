"""A wheel of what git holds, installed into an empty environment, is a working package."""

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from textwrap import dedent

import brotli
import pytest
from playwright.async_api import Page

ROOT = Path(__file__).parents[2]
BESIDE_US = {"django", "asgiref", "sqlparse"}
MEGABYTE = 1_000_000

# An empty virtual environment is filled from a package index.
pytestmark = pytest.mark.timeout(180)


PRINT_PAGE = dedent("""
    from django.template.loader import get_template
    from django.test import Client
    from django.urls import reverse

    print("template", get_template("dashboards/dashboard.html").origin.name)
    answer = Client().get(reverse("dashboards:shop_operations"))
    print("status", answer.status_code)
    print(answer.content.decode())
""")


@dataclass(frozen=True)
class Site:
    """A small project and the virtual environment that runs it."""

    python: Path
    packages: Path
    project: Path
    sizes: Mapping[str, int]
    """The bytes of each distribution that the wheel brought."""

    def run(self, *args: str) -> str:
        """Run this environment's Python in the project, and return what it said."""
        return run([str(self.python), *args], cwd=self.project)

    def find_static(self, name: str) -> Path:
        """Return the file that Django finds for the path of a static file."""
        found = self.run("manage.py", "findstatic", "--first", "--verbosity", "0", name)
        return Path(found.strip())


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
    shutil.copytree(ROOT / "example", project, ignore=shutil.ignore_patterns("*.sqlite3*"))
    sizes = {
        distribution.name.lower(): sum(
            Path(str(file.locate())).stat().st_size for file in distribution.files or ()
        )
        for distribution in distributions(path=[str(packages)])
    }
    site = Site(python, packages, project, sizes)
    site.run("manage.py", "migrate")
    return site


def test_core_installs_only_django_and_django_htmx_below_five_megabytes(site: Site):
    # Python 3.11's asgiref brings typing_extensions; it is counted, as if it were ours.
    assert set(site.sizes) - BESIDE_US - {"typing_extensions"} == {
        "django-live-dashboards",
        "django-htmx",
    }
    ours = sum(size for name, size in site.sizes.items() if name not in BESIDE_US)
    assert 0 < ours < 5 * MEGABYTE, site.sizes


def test_system_checks_of_the_installed_wheel_report_nothing(site: Site):
    assert "no issues (0 silenced)" in site.run("manage.py", "check", "--fail-level", "DEBUG")


def test_migrations_of_the_installed_wheel_are_complete(site: Site):
    assert "[X] 0001_" in site.run("manage.py", "showmigrations", "dashboards")
    assert "No changes detected" in site.run("manage.py", "makemigrations", "--check", "--dry-run")


@pytest.mark.parametrize("name", ["dashboards/css/dashboards.css", "dashboards/js/live.js"])
def test_static_files_of_the_installed_wheel_are_found(site: Site, name: str):
    assert site.find_static(name) == site.packages / "dashboards" / "static" / name


def test_scripts_of_a_page_without_charts_are_at_most_25_kilobytes(site: Site):
    page = site.run("manage.py", "shell", "--no-imports", "--command", PRINT_PAGE)
    scripts = re.findall(r'<script[^>]* src="/static/([^"]+)"', page)
    # It reports errors of htmx to developers: a page has it with DEBUG only.
    scripts.remove("django_htmx/django-htmx.js")
    folders = [site.packages / "dashboards/static", site.packages / "django_htmx/static"]
    found = [folder / name for name in scripts for folder in folders]
    compressed = {
        file.name: len(brotli.compress(file.read_bytes())) for file in found if file.is_file()
    }

    assert len(compressed) == len(scripts) > 10
    assert sum(compressed.values()) <= 25_000, compressed


@pytest.mark.asyncio(loop_scope="session")
async def test_minified_scripts_can_be_parsed(site: Site, page: Page):
    scripts = sorted((site.packages / "dashboards/static").rglob("*.js"))

    assert len(scripts) > 20
    for script in scripts:
        await page.evaluate("text => { new Function(text); }", script.read_text())


def test_translations_of_the_installed_wheel_are_compiled(site: Site):
    spoken = (
        "from django.utils.translation import override\n"
        "from dashboards.component.formats import format_duration\n"
        "with override('ar'): print(ascii(format_duration(2)))"
    )
    said = site.run("manage.py", "shell", "--no-imports", "--command", spoken)
    assert said.strip() == ascii("ثانيتان")


def test_type_marker_is_in_the_installed_wheel(site: Site):
    assert (site.packages / "dashboards" / "py.typed").is_file()


def test_dashboard_of_the_installed_wheel_is_served(site: Site):
    page = site.run("manage.py", "shell", "--no-imports", "--command", PRINT_PAGE)

    assert f"template {site.packages}/dashboards/templates/dashboards/dashboard.html" in page
    assert "status 200" in page
    assert "Last customers" in page


def test_example_project_shows_an_order_in_an_open_browser(site: Site):
    pip = [sys.executable, "-m", "pip", "--python", str(site.python)]
    run([*pip, "install", "--quiet", "uvicorn"], cwd=site.project)
    done = run(
        [sys.executable, str(ROOT / "scripts/try_example.py"), str(site.python), "."],
        cwd=site.project,
    )
    assert "An order and a push arrived in the open page." in done
