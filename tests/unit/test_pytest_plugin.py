"""The pytest plugin, which is loaded in every project where the package is installed."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

from tests.harness import ROOT

TESTS = """
from dashboards.live.stores import get_store


def test_store(isolated_is):
    assert (type(get_store()).__name__ == "MemoryStore") is isolated_is
"""

CONFTEST = """
import pytest


@pytest.fixture
def isolated_is():
    return {isolated_is}
"""

OPT_OUT = """

@pytest.fixture(autouse=True)
def dashboards_isolation():
    pass
"""


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python in another process, which has no settings of ours."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_plugin_is_declared_by_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (name,) = project["entry-points"]["pytest11"].values()
    assert import_module(name).dashboards_isolation


def test_plugin_isolates_unless_the_project_replaces_its_fixture(tmp_path: Path) -> None:
    for folder, isolated_is, more in (("own", True, ""), ("out", False, OPT_OUT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "conftest.py").write_text(
            CONFTEST.format(isolated_is=isolated_is) + more
        )
        (tmp_path / folder / f"test_{folder}.py").write_text(TESTS)
    plugin = ("-p", "no:dashboards", "-p", "dashboards.pytest_plugin")

    done = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, "--ds", "tests.settings"),
        folder=tmp_path,
    )

    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_plugin_imports_no_django_where_it_is_not_set_up(tmp_path: Path) -> None:
    (tmp_path / "test_any.py").write_text(
        """
import sys

LOADED = {name.partition(".")[0] for name in sys.modules}


def test_any():
    assert "dashboards" in LOADED
    assert LOADED.isdisjoint({"django", "asgiref"})
"""
    )
    others = ("no:django", "no:dashboards", "dashboards.pytest_plugin")

    done = run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider"),
        *(each for name in others for each in ("-p", name)),
        folder=tmp_path,
    )

    assert "1 passed" in done.stdout, done.stdout + done.stderr
