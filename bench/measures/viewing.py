"""A page that people leave open: first paint, layout shift, main thread and memory in a browser."""

from collections.abc import Iterator, Sequence
from functools import partial

from playwright.sync_api import Browser, sync_playwright

from bench.demo import serving_demo
from bench.plan import QUICK, Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.servers import serving
from bench.watched import PHONE, WatchedPage, watch
from tests.harness import CHROMIUM, CHROMIUM_ARGUMENTS, wait_for

_FIRST, _MACHINE = "/shop/operations/", "/machine/machine/"
_PAGES = {"the first page": _FIRST, "the page of the machine": _MACHINE}
_POLLING = "polling with htmx"
_WITHOUT_SCRIPTS = "without scripts"
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def viewing(plan: Plan) -> Sequence[Row]:
    """Open pages, leave them open, and read what the browser counts meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        with serving_demo() as demo:
            rows = [_measure_paint(browser, demo.url, plan), *_leave_open(browser, demo.url, plan)]
        rows.append(_compare_with_polling(browser, plan))
        browser.close()
    return rows


def _measure_paint(browser: Browser, site: str, plan: Plan) -> Row:
    """Measure the first paint of a page, and of the same page without scripts, in turns."""
    figures = Rounds()
    for _ in range(plan.rounds):
        for whose, runs_scripts in (("ours", True), (_WITHOUT_SCRIPTS, False)):
            context = browser.new_context(java_script_enabled=runs_scripts)
            page = context.new_page()
            page.goto(f"{site}{_FIRST}")
            # Asked from here: the page's own timers do not run without scripts.
            figures.add("paint", whose, wait_for(partial(page.evaluate, _PAINTED)))
            context.close()
    return figures.row(
        "paint",
        Target("ratio", 1.5),
        to=_WITHOUT_SCRIPTS,
        measure="empty cache: until something is painted of the first page of the demo",
        unit="ms",
    )


def _leave_open(browser: Browser, site: str, plan: Plan) -> Iterator[Row]:
    """Leave pages of the demo open, side by side, and one on a phone."""
    drawn = "dashboard-chart:state(drawn)"
    opened = {name: WatchedPage(browser, f"{site}{_PAGES[name]}", drawn) for name in _PAGES}
    phone = WatchedPage(browser, f"{site}{_FIRST}", drawn, size=PHONE)
    watch([*opened.values(), phone], plan.settling_seconds, plan.viewing_seconds)
    shifts = {name: page.layout_shift for name, page in [*opened.items(), ("a phone", phone)]}
    yield Row(
        measure="cumulative layout shift of pages of the demo, opened and left open: the largest",
        unit="",
        ours=max(shifts.values()),
        target=Target("ours", 0.02),
        note=", ".join(f"{name} {shift:.2g}" for name, shift in shifts.items()).capitalize() + ".",
    )
    for name, page in opened.items():
        spent = 10 / plan.viewing_seconds * page.spent()
        styles = 10 / plan.viewing_seconds * page.spent("RecalcStyleDuration", "LayoutDuration")
        yield Row(
            measure=f"main thread in 10 s of {name} of the demo",
            unit="s",
            ours=spent,
            target=Target("ours", 1),
            note=f"Processor time; {styles:.2g} s of it are styles and layout.",
        )
        yield Row(
            measure=f"memory growth of {name} of the demo in {plan.viewing_seconds:g} s",
            unit="MiB",
            ours=page.grown("JSHeapUsedSize") / 2**20,
            target=Target("ours", 2),
            note=f"From {plan.settling_seconds:g} s on, after garbage collections. Nodes: "
            f"{page.grown('Nodes'):+.0f}, event listeners: {page.grown('JSEventListeners'):+.0f}.",
        )
    for page in (*opened.values(), phone):
        page.close()


def _compare_with_polling(browser: Browser, plan: Plan) -> Row:
    """Leave twenty stats open beside the same stats, which htmx requests as often."""
    with serving("ours") as ours, serving("polling") as polling:
        pages = [
            WatchedPage(
                browser,
                f"http://127.0.0.1:{site.port}{path}",
                ".dashboards-stat",
                session=site.session,
            )
            for site, path in ((ours, "/sites/stats/"), (polling, "/"))
        ]
        watch(pages, QUICK.settling_seconds, plan.viewing_seconds)
        spent = [10 / plan.viewing_seconds * page.spent() for page in pages]
        for page in pages:
            page.close()
    return Row(
        measure="main thread in 10 s of a page of 20 stats, every 2 s",
        unit="s",
        ours=spent[0],
        target=Target("ratio", 0.75),
        reference=spent[1],
        reference_name=_POLLING,
        note="Processor time.",
    )
