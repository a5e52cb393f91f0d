"""A dashboard on a wall, on a phone and on paper."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    Route,
    ViewportSize,
    expect,
)

from tests.chromium import open_checked
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOCKS = """
window.locks = 0;
const request = async () => { window.locks += 1 };
Object.defineProperty(navigator, "wakeLock", { value: { request } });
"""
SIZES = """() => ({
  page: document.documentElement.scrollHeight - innerHeight,
  root: parseFloat(getComputedStyle(document.documentElement).fontSize),
  figure: parseFloat(getComputedStyle(document.querySelector(".dashboards-stat-text")).fontSize),
  chart: document.querySelector(".main-svg").getBoundingClientRect().height,
})"""
# What a person can press, and its size; links within a sentence may be smaller.
SMALL = """() => [...document.querySelectorAll("a, button, input, select, summary")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }))
  .filter((each) => !each.closest(".dashboards-hidden, .dashboards-skip, .modebar, details, p"))
  .map((each) => [each.outerHTML, each.getBoundingClientRect()])
  .filter(([, { width, height }]) => width && Math.min(width, height) < 24)
  .map(([html]) => html)"""

# The rows of boxes that end before the grid does.
SHORT_ROWS = """() => [...document.querySelectorAll(".dashboards-grid")].flatMap((grid) => {
  const ends = {};
  for (const box of grid.children) {
    const { top, right } = box.getBoundingClientRect();
    if (box.checkVisibility()) ends[top] = Math.max(ends[top] ?? 0, right);
  }
  const end = grid.getBoundingClientRect().right;
  return Object.values(ends).filter((right) => right < end - 3);
})"""


async def test_board_on_a_wall_fills_the_screen(site: Site, page: Page):
    await page.add_init_script(LOCKS)
    sizes: list[Any] = []
    for width, height in ((1920, 1080), (3840, 2160)):
        await page.set_viewport_size(ViewportSize(width=width, height=height))
        await page.goto(f"{site.url}/site/live/?kiosk&kiosk-dim=0-0")
        site.push_to(
            "Live", number=51, chart={"data": [{"y": [1, 3, 2]}], "layout": {"height": 99}}
        )
        await expect(page.locator("#site_live-number-content")).to_contain_text("51")
        await expect(page.locator(".main-svg").first).to_be_visible()
        sizes.append(await page.evaluate(SIZES))
    small, large = sizes
    assert [each["page"] for each in sizes] == [0, 0]
    assert (round(small["root"]), round(large["root"])) == (18, 36)
    assert small["figure"] >= 40
    assert large["figure"] == pytest.approx(2 * small["figure"], rel=0.02)
    assert large["chart"] > 1.8 * small["chart"]

    # It is night all day: dark, and charts are drawn again.
    surface = page.locator(".dashboards-component").first
    await expect(surface).to_have_css("background-color", "rgb(15, 22, 25)")
    # The screen is kept awake, also after the browser has released its lock.
    assert await page.evaluate("window.locks") == 1
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert await page.evaluate("window.locks") == 2

    # What was received before is not shown as live.
    await page.context.set_offline(True)
    head = page.locator(".dashboards-header")
    await expect(head).to_have_css("background-color", "rgb(255, 138, 128)")
    await expect(page.get_by_text("Reconnecting…")).to_have_css("font-size", re.compile("^72"))
    await page.context.set_offline(False)
    await expect(page.locator("main")).to_have_attribute("data-dashboards-live", "open")
    page.complaints.clear()  # type: ignore[attr-defined] # Of the network that was cut.


async def test_board_that_is_too_high_is_shown_in_parts(site: Site, page: Page):
    await page.clock.install()
    await page.set_viewport_size(ViewportSize(width=900, height=500))
    await page.goto(f"{site.url}/site/live/?kiosk")
    boxes = page.locator(".dashboards-grid > *")
    shown: set[str] = set()
    part = page.locator(".dashboards-part")
    await expect(part).to_contain_text("1 / ")
    count = int((await part.inner_text()).split(" / ")[1])
    for number in range(1, count + 1):
        await expect(part).to_have_text(f"{number} / {count}")
        for box in await boxes.all():
            if await box.is_visible():
                shown.add(str(await box.get_attribute("id")))
        await page.clock.fast_forward(30_000)
    await expect(part).to_have_text(f"1 / {count}")
    assert len(shown) == await boxes.count()


async def test_boards_take_turns_and_a_failing_one_is_left_out(site: Site, page: Page):
    automatic: dict[str, bool] = {}

    # Cookies are among the headers of a request once it is answered.
    async def note(response: Response) -> None:
        request = response.request
        if request.is_navigation_request() or request.method == "HEAD":
            cookie = (await request.all_headers()).get("cookie", "")
            name = f"{request.method} {request.url.split('?')[0].removeprefix(site.url)}"
            automatic[name] = (
                "dashboards-automatic" in cookie or "dashboards-automatic" in request.headers
            )

    async def fail(route: Route) -> None:
        await route.fulfill(status=500)

    page.on("response", note)
    await page.route("**/site/far/**", fail)
    await page.clock.install()
    query = "kiosk&kiosk-boards=site_live,site_far,site_staff,site_quiet&kiosk-rotate=60"
    await page.goto(f"{site.url}/site/live/?{query}")
    await expect(page.locator(".dashboards-boards li")).to_have_text(["Live", "Far", "Quiet"])
    await page.clock.fast_forward(60_000)
    await page.wait_for_url("**/site/quiet/?*")
    await expect(page.locator("main")).to_have_attribute("data-dashboards-live", "open")
    # Nobody asked for it: it keeps nobody signed in. A person's key does.
    assert automatic["HEAD /site/quiet/"]
    assert automatic["GET /site/quiet/"]
    assert not automatic["GET /site/live/"]
    await page.keyboard.press("ArrowRight")
    await page.wait_for_url("**/site/live/?*")
    assert not automatic["GET /site/live/"]

    # The space bar stops the turns.
    await page.keyboard.press("Space")
    await expect(page.get_by_text("Stopped")).to_be_visible()
    await page.clock.fast_forward(300_000)
    await expect(page.locator("html")).to_have_attribute("data-dashboards-kiosk-idle", "")
    assert "/site/live/" in page.url
    await page.mouse.move(10, 10)
    await expect(page.locator("html")).not_to_have_attribute("data-dashboards-kiosk-idle", "")
    await page.keyboard.press("Escape")
    await page.wait_for_url(f"{site.url}/site/live/")
    await expect(page.get_by_role("navigation", name="Dashboards")).to_be_visible()
    page.complaints.clear()  # type: ignore[attr-defined] # The failing board's.


async def test_board_without_live_values_is_loaded_again_with_a_tab_in_its_address(
    site: Site, page: Page
):
    """Regression: to go to the address that a page has already only moves to its fragment."""
    await page.clock.install()
    await page.goto(f"{site.url}/site/far/?kiosk&kiosk-rotate=60#tab")
    await page.evaluate("window.isOld = true")
    turns = 0
    while await page.evaluate("window.isOld"):
        turns += 1
        assert turns < 20, "its parts may take some turns before"
        await page.clock.fast_forward(61_000)
        await asyncio.sleep(0.5)
        await page.wait_for_load_state()


PRINTED = """() => addEventListener("beforeprint", () => {
  const text = document.querySelector(".ytick text");
  window.printed = [
    document.querySelector(".main-svg").getAttribute("viewBox"),
    getComputedStyle(text).fill,
    getComputedStyle(document.querySelector(".dashboards-component")).backgroundColor,
  ];
})"""


async def test_paper_is_light_and_has_the_time_of_the_values(site: Site, browser: Browser):
    context = await browser.new_context(color_scheme="dark", timezone_id="UTC")
    async with open_checked(context) as page:
        await page.set_viewport_size(ViewportSize(width=1440, height=900))
        await page.goto(f"{site.url}/site/live/")
        site.push_to("Live", number=51, chart={"data": [{"y": [1, 3, 2]}]})
        await expect(page.locator(".ytick text").first).to_be_visible()
        wide = await page.locator(".main-svg").first.get_attribute("viewBox")
        await page.evaluate(PRINTED)
        await page.pdf()

        # Drawn again for the width of a paper, in the light theme, before the browser printed.
        view, fill, background = await page.evaluate("window.printed")
        assert float(view.split()[2]) < 720 < float(str(wide).split()[2]) * 3
        assert view != wide
        assert fill == "rgb(86, 99, 95)"
        assert background == "rgb(253, 253, 251)"
        # And as it was afterwards.
        await expect(page.locator(".main-svg").first).to_have_attribute("viewBox", str(wide))
        await expect(page.locator(".ytick text").first).to_have_css("fill", "rgb(147, 162, 158)")

        await page.emulate_media(media="print")
        year = await page.evaluate("String(new Date().getFullYear())")
        await expect(page.get_by_text("Values of")).to_contain_text(year)
        for hidden in ("Live", "Wall"):
            await expect(
                page.locator(".dashboards-tools").get_by_text(hidden, exact=True)
            ).to_be_hidden()
        await expect(page.get_by_role("navigation")).to_have_count(0)
    await context.close()


async def test_page_on_a_phone_is_not_pulled_sideways(site: Site, context: BrowserContext):
    async with open_checked(context) as page:
        for width in (320, 375):
            await page.set_viewport_size(ViewportSize(width=width, height=700))
            for path in ("/books/shelf/", "/site/live/", "/site/filtered/", "/site/arranged/"):
                await page.goto(site.url + path)
                assert await page.evaluate("document.documentElement.scrollWidth") == width
                assert await page.evaluate(SMALL) == []
        # Between a phone and a desktop, the boxes of each row have its whole width.
        for width in (800, 1000):
            await page.set_viewport_size(ViewportSize(width=width, height=700))
            assert await page.evaluate(SHORT_ROWS) == []
