"""plotly.js is the one that the installed plotly brings, and the shapes of maps are geopip's."""

import importlib.util
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as of_the_project
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import get_finder
from django.core.management import call_command
from pytest_django import Settings

pytest.importorskip("plotly")

import plotly

from dashboards.finders import PlotlyFinder, WorldFinder, with_package_finders

PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


PATH = "dashboards/plotly/plotly.min.js"


WORLD = "dashboards/geo/world.json"


OWN = ["dashboards.finders.PlotlyFinder", "dashboards.finders.WorldFinder"]


DJANGOS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]


def test_paths_are_those_of_the_scripts():
    assert PlotlyFinder().path == PATH
    assert WorldFinder().path == WORLD


def test_project_has_the_finders_without_settings():
    assert [*DJANGOS, *OWN] == of_the_project.STATICFILES_FINDERS


def test_findstatic_finds_the_file_of_plotly():
    out = StringIO()

    call_command("findstatic", PATH, "--verbosity", "0", stdout=out)

    assert out.getvalue().splitlines() == [str(PLOTLY_FILE)]


def test_find_returns_the_file_of_plotly():
    assert finders.find(PATH) == str(PLOTLY_FILE)
    assert finders.find(PATH, find_all=True) == [str(PLOTLY_FILE)]


def test_collectstatic_copies_only_the_script_of_plotly(settings: Settings, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path

    call_command("collectstatic", "--no-input", "--verbosity", "0")

    assert (tmp_path / "dashboards/plotly/plotly.min.js").read_bytes() == PLOTLY_FILE.read_bytes()
    # Plotly has megabytes of other files.
    assert [each.name for each in (tmp_path / "dashboards/plotly").iterdir()] == ["plotly.min.js"]
    assert (tmp_path / "dashboards/js/chart/chart.js").is_file()


@pytest.mark.parametrize("pattern", ["*.js", "plotly*"])
def test_collectstatic_ignore_leaves_plotly_out(settings: Settings, tmp_path: Path, pattern: str):
    settings.STATIC_ROOT = tmp_path

    call_command("collectstatic", "--no-input", "--verbosity", "0", "--ignore", pattern)

    assert not (tmp_path / "dashboards/plotly").exists()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "plotly.min.js",
        "dashboards/plotly/",
        "dashboards/plotly/plotly.js",
        "dashboards/plotly/../plotly/plotly.min.js",
        "dashboards/plotly/../../__init__.py",
        "dashboards/js/chart/chart.js",
    ],
)
def test_find_of_other_paths_is_empty(path: str):
    assert PlotlyFinder().find(path) == []
    assert PlotlyFinder().find(path, find_all=True) == []


def test_list_has_one_file():
    [(name, storage)] = PlotlyFinder().list([])

    assert f"{storage.prefix}/{name}" == PATH  # type: ignore[attr-defined]
    assert storage.path(name) == str(PLOTLY_FILE)


@pytest.mark.parametrize("patterns", [["*.js"], ["plotly.min.js"], ["other", "*.min.*"]])
def test_list_leaves_ignored_files_out(patterns: list[str]):
    assert list(PlotlyFinder().list(patterns)) == []


def test_list_without_patterns_has_the_file():
    assert len(list(PlotlyFinder().list(None))) == 1


def test_check_gives_no_message():
    assert PlotlyFinder().check() == []


@pytest.fixture(
    params=["absent", "a folder of that name", "without its script"],
)
def _no_plotly(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[None]:
    specs: dict[str, Any] = {
        "absent": None,
        "a folder of that name": SimpleNamespace(origin=None),
        "without its script": SimpleNamespace(origin=str(tmp_path / "__init__.py")),
    }

    def find_spec(name: str) -> Any:
        return specs[request.param] if name == "plotly" else importlib.util.find_spec(name)

    monkeypatch.setattr("dashboards.finders.find_spec", find_spec)
    # Django caches its finders.
    get_finder.cache_clear()  # type: ignore[attr-defined]
    yield
    get_finder.cache_clear()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_no_plotly")
def test_find_without_plotly_is_empty():
    assert PlotlyFinder().find(PATH) == []
    assert PlotlyFinder().find(PATH, find_all=True) == []
    assert list(PlotlyFinder().list([])) == []
    assert PlotlyFinder().check() == []
    assert finders.find(PATH) is None


@pytest.mark.usefixtures("_no_plotly")
def test_collectstatic_without_plotly_copies_the_rest(settings: Settings, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path / "static"

    call_command("collectstatic", "--no-input", "--verbosity", "0")

    assert (tmp_path / "static/dashboards/js/chart/chart.js").is_file()
    assert not (tmp_path / "static/dashboards/plotly").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], OWN),
        (DJANGOS, [*DJANGOS, *OWN]),
        (tuple(DJANGOS), [*DJANGOS, *OWN]),
        ([OWN[0], *DJANGOS], [OWN[0], *DJANGOS, OWN[1]]),
        ([*DJANGOS, *OWN], [*DJANGOS, *OWN]),
    ],
    ids=["empty", "list", "tuple", "named first", "named last"],
)
def test_finders_are_added_once(before: Any, after: list[str]):
    given = list(before)

    once = with_package_finders(before)

    assert list(once) == after
    assert list(with_package_finders(once)) == after
    assert list(before) == given


def test_shapes_of_countries_are_found_and_collected(settings: Settings, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path / "static"
    found = finders.find(WORLD)
    assert found is not None

    call_command("collectstatic", "--no-input", "--verbosity", "0")

    text = (tmp_path / "static" / WORLD).read_text()
    assert text == Path(str(found)).read_text()
    countries = json.loads(text)["objects"]["countries"]["geometries"]
    assert {"DEU", "HUN", "SGP", "NZL"} < {each["id"] for each in countries}


@pytest.mark.parametrize("name", ["world.json.license.txt", "../icon.svg", "../icon-alert.svg"])
def test_each_file_of_shapes_has_its_licence(settings: Settings, tmp_path: Path, name: str):
    """World borders under a share-alike licence were served without their licence.

    Each file of shapes states its licence in itself, or in a text that is collected with it.
    """
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", "--no-input", "--verbosity", "0")

    shapes = {each.name for each in tmp_path.glob("dashboards/**/*.*json")}
    shapes |= {each.name for each in tmp_path.glob("dashboards/**/*.svg")}

    assert shapes == {"world.json", "icon.svg", "icon-alert.svg"}
    text = (tmp_path / "dashboards/geo" / name).read_text()
    assert "BSD-3-Clause" in text or "creativecommons.org/licenses/by-sa/3.0" in text
    found = finders.find("dashboards/geo/world.json.license.txt")
    assert found is not None
    assert "World Borders Dataset" in Path(str(found)).read_text()


def test_shapes_of_the_project_are_found_first(settings: Settings, tmp_path: Path):
    own = tmp_path / WORLD
    own.parent.mkdir(parents=True)
    own.write_text("{}")
    settings.STATICFILES_DIRS = [tmp_path]
    get_finder.cache_clear()  # type: ignore[attr-defined]

    assert finders.find(WORLD) == str(own)


def test_find_without_geopip_is_empty(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.countries.build_directory", lambda: None)

    assert WorldFinder().find(WORLD) == []
    assert list(WorldFinder().list([])) == []
