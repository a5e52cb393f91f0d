"""The first chart of a page on a slow line: the demo as ``make demo`` serves it."""

from collections.abc import Sequence

from playwright.sync_api import Browser, sync_playwright

from bench.demo import serving_demo
from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from tests.harness import CHROMIUM, CHROMIUM_ARGUMENTS

_PAGES = {"the first page": "/shop/operations/", "the page of charts": "/pieces/charts/"}
_LINE = {
    "offline": False,
    "latency": 40,
    "downloadThroughput": 1_500_000 / 8,
    "uploadThroughput": 1_500_000 / 8,
}
_NOTE_TIME = """
    const timer = setInterval(() => {
        if (!document.querySelector("dashboard-chart:state(drawn)")) return;
        window.firstChart = performance.now();
        clearInterval(timer);
    }, 10);
"""


def charts(plan: Plan) -> Sequence[Row]:
    """Open pages with an empty cache, each in a new context of a browser."""
    figures = Rounds()
    with serving_demo() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for _ in range(plan.page_rounds):
            for name, path in _PAGES.items():
                figures.add(name, "ours", _open(browser, f"{demo.url}{path}"))
        browser.close()
    return [
        figures.row(
            name,
            Target("ours", 5),
            measure=f"1.5 Mbit/s, empty cache: until the first chart stands on {name} of the demo",
            unit="s",
        )
        for name in _PAGES
    ]


def _open(browser: Browser, url: str) -> float:
    """Return the seconds from the request of a page until its first chart is drawn."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", _LINE)
    page.add_init_script(_NOTE_TIME)
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.firstChart", timeout=120_000)
    seconds = float(page.evaluate("window.firstChart")) / 1000
    context.close()
    return seconds
