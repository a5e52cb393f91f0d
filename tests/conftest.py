"""What tests share."""

import atexit
import gc
import os
from collections.abc import Callable, Generator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import got_request_exception

from dashboards.live.access.revocations import revocations
from tests.harness import Site

MakeSite = Callable[..., Site]

# Those that take longest begin first, lest one worker be left with them at the end.
LONG = (
    *("test_browser.py", "test_servers.py", "test_eventstream.py", "test_pushpin_edge.py"),
    *("test_stores.py", "test_demo.py", "test_stop.py", "test_browser_tables.py"),
    *("test_faults.py", "test_browser_layout.py", "test_howto.py", "test_isolation.py"),
    *("test_browser_releases.py", "test_first_steps.py", "test_howto_pages.py"),
    *("test_browser_interplay.py", "test_other_browsers.py", "test_browser_kiosk.py"),
    *("test_browser_boxes.py", "test_demo_shop.py", "test_browser_craft.py"),
    *("test_capacity.py", "test_packaging.py", "test_crowd.py", "test_hanging.py"),
    *("test_outage.py", "test_site.py", "test_howto_testing.py"),
)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    # The unit tests run without pytest-timeout, whose option pyproject.toml sets.
    if not pluginmanager.hasplugin("timeout"):
        parser.addini("timeout", "the time that a test may take, if pytest-timeout is installed")


def pytest_unconfigure() -> None:
    # Tests save users, whose revocations it would write at exit: the database is gone by then.
    atexit.unregister(revocations.flush)


# A test that needs an optional package begins with pytest.importorskip("package"), in its module or
# in itself. Where all packages are installed, nothing may be skipped: CI says so by its variable.


def _forbid_skips(report: pytest.CollectReport | pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI"):
        report.outcome = "failed"
        report.longrepr = f"CI skips nothing. {report.longreprtext}"


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skips(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid_skips(report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {name: rank for rank, name in enumerate(LONG)}

    def rank(item: pytest.Item) -> int:
        # The shortest files come last: a worker that has no more waits for no longer one.
        return ranks.get(item.path.name, len(LONG) + item.nodeid.startswith("tests/unit/"))

    items.sort(key=rank)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    # Nothing that is collected becomes garbage, and to look for it takes a third of the time.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    # The URLs are made once in a process, of the dashboards that are registered then. A test that
    # replaces the registry and makes the first request would leave its own URLs to all others.
    import_module("tests.urls")
    # Modules and tests stay to the end: without this, each collection looks through them all.
    gc.freeze()


@pytest.fixture(autouse=True)
def dashboards_isolation() -> Iterator[None]:
    """Replace the fixture of the package's own plugin: these tests choose their stores.

    Revocations of saved objects are written by a timer, which must not fire in a later test.
    """
    yield
    revocations.reset()


@pytest.fixture
def isolated() -> Iterator[None]:
    """Isolate a test as the plugin does for the tests of a project."""
    # Imported here: the plugin's tests begin without Django.
    from dashboards.testing import isolate  # noqa: PLC0415

    with isolate():
        yield


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Start the test site under a server, with a database of its own."""
    sites: list[Site] = []

    def make(server: str = "uvicorn", **environment: str) -> Site:
        folder = tmp_path / str(len(sites))
        folder.mkdir()
        site = Site(folder, server, **environment)
        sites.append(site)
        site.start()
        return site

    yield make
    for site in sites:
        site.stop()


@pytest.fixture(scope="module")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.stop()


@pytest.fixture
def site(_site: Site) -> Site:
    """The test site under uvicorn, as new: to start one for each test would take most of the time.

    A test that wants other settings, or counts what one process has done, makes its own.
    """
    _site.renew()
    return _site


@pytest.fixture
def _no_exceptions() -> Iterator[None]:
    """Fail where a view raised, even if something made a decent answer of it."""
    raised: list[Any] = []

    def note(**kwargs: Any) -> None:
        raised.append(kwargs)

    got_request_exception.connect(note)
    yield
    got_request_exception.disconnect(note)
    assert not raised
