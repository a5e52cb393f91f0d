"""The demo in Firefox and in WebKitGTK: its pages are live and drawn, and come back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.test_demo import PAGE, WAYS, Demo, make_demo
from tests.webdriver import Browser, Firefox, WebKit

IS_LIVE = """[...document.querySelectorAll(".dashboards-dashboard[sse-connect]")].every(
    dashboard => dashboard.dataset.dashboardsLive === "open")"""
# Charts that are in view, or were: the others wait until they are.
ARE_DRAWN = """[...document.querySelectorAll("dashboard-chart")].every(chart =>
    !chart.checkVisibility() || chart.getBoundingClientRect().top > innerHeight ||
    chart.querySelector(".main-svg") !== null)"""
STATUS = "document.querySelector('.dashboards-live-status').innerText.trim()"
BOX = "document.querySelector('#machine_machine-processor_history')"
MENU = f"{BOX}.querySelector('[role=menu]')"
HISTORY = "document.querySelector('#machine_machine-processor_history-content').innerHTML"


# Streams of each kind, every kind of chart, a map, tables.
PAGES = (WAYS, *(f"/pieces/{name}/" for name in ("charts", "tables")), PAGE)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = make_demo(tmp_path_factory.mktemp("demo"))
    demo.start()
    yield demo
    demo.stop()


@pytest.fixture(params=[Firefox, WebKit], ids=lambda kind: kind.__name__)
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Browser]:
    with request.param.start(tmp_path) as browser:
        yield browser


# A browser starts, opens a page for each kind of component, and waits for a server to start again.
@pytest.mark.timeout(120)
def test_pages_of_the_demo_are_live_and_drawn_and_come_back_after_a_restart(
    demo: Demo, browser: Browser
):
    browser.resize(1440, 1000)
    for path in PAGES:
        browser.open(f"{demo.url}{path}")
        browser.wait(IS_LIVE)
        browser.wait(ARE_DRAWN)
        excess = browser.run("document.documentElement.scrollWidth - innerWidth")
        assert excess <= 0, path
    assert browser.complaints == []

    # The menu of a box, its window and its table.
    for entry, shown in (("enlarge", ":popover-open"), ("table", ":has(details[open] td)")):
        browser.run(f"void {BOX}.querySelector('.dashboards-box-button').click()")
        browser.wait(f"{MENU}?.matches(':popover-open')")
        browser.run(f"void {MENU}.querySelector('[data-dashboards-entry={entry}]').click()")
        browser.wait(f"{BOX}.matches('{shown}')")
    browser.run("void document.querySelector('.dashboards-box-close').click()")
    browser.wait(f"!{BOX}.matches(':popover-open')")
    assert browser.complaints == []

    assert browser.run(STATUS) == "Live"
    demo.kill()
    browser.wait(f"{STATUS}.startsWith('Reconnecting…')")
    demo.start()
    browser.wait(f"{STATUS} === 'Live'")
    # It is not only connected: news arrive.
    browser.run(f"void (window.before = {HISTORY})")
    browser.wait(f"window.before !== {HISTORY}")
