"""The range of time that the charts of a page share: its picker, zoom, crosshair and address."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, FloatRect, Locator, Page, expect

from tests.chromium import open_checked
from tests.harness import Site

# It loads plotly.js, which is large, twice, and draws seven charts.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

SHARED = ("heat", "rain", "begun")
OTHERS = ("alone", "days", "kinds")


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page of a viewer in Tokyo; that of the site is in another zone."""
    size = {"width": 1000, "height": 900}
    context = await browser.new_context(timezone_id="Asia/Tokyo", viewport=size)  # type: ignore[arg-type]
    async with open_checked(context) as page:
        yield page
    await context.close()


def moments(now: datetime, seconds: int, count: int) -> list[str]:
    """Return times that end now, the oldest first."""
    return [(now - timedelta(seconds=seconds * at)).isoformat() for at in reversed(range(count))]


def curve(x: list[str], **layout: Any) -> dict[str, Any]:
    return {"data": [{"type": "scatter", "x": x, "y": list(range(len(x)))}], "layout": layout}


async def ends(page: Page, key: str) -> list[float]:
    """Return the ends of a chart's axis, in milliseconds of the axis; none if it has no times."""
    values: list[float] = await page.evaluate(
        """key => {
          const [plot] = document.querySelectorAll(`#site_timed-${key} .dashboards-chart-plot`);
          const axis = plot?._fullLayout?.xaxis;
          return axis?.type === "date" ? axis.range.map((each) => axis.d2c(each)) : [];
        }""",
        key,
    )
    return values


async def expect_same_range(page: Page, keys: tuple[str, ...], seconds: float) -> None:
    """Wait until charts show the same range of this length."""
    lengths: list[float] = []
    starts: list[float] = []
    for _ in range(200):
        shown = [await ends(page, key) for key in keys]
        lengths = [(each[1] - each[0]) / 1000 if each else 0 for each in shown]
        starts = [each[0] if each else 0 for each in shown]
        is_near = all(abs(one - two) < 10_000 for one, two in pairwise(starts))
        if is_near and all(abs(each - seconds) < 1 for each in lengths):
            return
        await page.wait_for_timeout(100)
    pytest.fail(f"{keys} show {lengths} seconds from {starts}, not {seconds} from one time")


async def hover_area(page: Page) -> tuple[Locator, FloatRect]:
    """Return the element over the axes of the first chart, and its place."""
    plot = page.locator("#site_timed-heat .dashboards-crosshair")
    await plot.scroll_into_view_if_needed()
    box = await plot.bounding_box()
    assert box
    return plot, box


async def test_charts_share_range_zoom_and_crosshair(site: Site, page: Page):
    now = datetime.now(UTC)
    fine, coarse = moments(now, 10, 200), moments(now, 30, 70)
    site.push_to("Timed", heat=[[{"x": x, "y": at}] for at, x in enumerate(fine)])
    site.push_to("Timed", rain=[[{"x": x, "y": at}] for at, x in enumerate(coarse)])
    site.push_to("Timed", begun=curve(fine, xaxis={"range": [fine[0], fine[60]]}))
    site.push_to("Timed", alone=curve(fine), days=curve(["2026-01-01", "2026-01-02"]))
    site.push_to("TimedToo", heat=curve(fine))
    await page.goto(f"{site.url}/site/timed/?year=2023")
    for key in (*SHARED, "alone"):
        await expect(page.locator(f"#site_timed-{key} .scatterlayer .trace")).to_have_count(1)
    await check_picker(page)
    zoomed = await check_zoom(page, site, now)
    await check_crosshair(page)
    await check_address(page, zoomed)
    await check_second_dashboard(page)


async def check_picker(page: Page) -> None:
    """A relative range is shown by the charts with times of day, and is in the address."""
    picker = page.locator(".dashboards-time-range")
    summary = picker.locator("summary")
    await expect(summary).to_contain_text("All")
    # It names the zone that is not the viewer's; a chart by itself has it on its axis.
    await expect(summary).to_contain_text("America/Chicago")
    await expect(page.locator("#site_timed-alone .xtitle")).to_have_text("America/Chicago")
    await expect(page.locator("#site_timed-heat .xtitle")).to_have_count(0)
    others = [await ends(page, key) for key in OTHERS]
    await expect_same_range(page, ("begun",), 600)  # That of its author.

    await summary.click()
    await expect(picker.get_by_text("Time zone: America/Chicago")).to_be_visible()
    await picker.get_by_role("button", name="5 minutes").click()
    await expect(page).to_have_url(re.compile(r"\?year=2023&range=5m$"))
    await expect(summary).to_contain_text("5 minutes")
    await expect_same_range(page, SHARED, 300)
    assert [await ends(page, key) for key in OTHERS] == others
    # The other axis is scaled to what is shown: of 200 rising values, the last thirty.
    plot = page.locator("#site_timed-heat .dashboards-chart-plot")
    assert await plot.evaluate("plot => plot._fullLayout.yaxis.range[0]") > 100


async def check_zoom(page: Page, site: Site, now: datetime) -> str:
    """What is zoomed in one chart is the range of all, and holds still while points arrive."""
    _, box = await hover_area(page)
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] * 0.2, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=4)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile(r"\?year=2023&from=[\d:.T-]+Z&to=[\d:.T-]+Z$"))
    await expect_same_range(page, SHARED, 120)
    before = await ends(page, "rain")
    site.push_to("Timed", rain=[[{"x": (now + timedelta(seconds=30)).isoformat(), "y": 77}]])
    await expect(page.locator("#site_timed-rain script[data-dashboards-point]")).to_have_count(71)
    assert await ends(page, "rain") == before
    return page.url


async def check_crosshair(page: Page) -> None:
    """A line is at one time in all charts, with the value of each."""
    plot, box = await hover_area(page)
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] / 2)
    lines = page.locator(".dashboards-crosshair > i:visible")
    await expect(lines).to_have_count(3)
    # Its points are half a minute apart, which is far on the screen.
    await expect(page.locator("#site_timed-rain .hoverlayer .legend")).to_have_count(1)
    await page.mouse.move(1, 1)
    await expect(lines).to_have_count(0)
    await plot.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(lines).to_have_count(3)
    await expect(plot).to_have_attribute("aria-valuetext", re.compile(r"\d:\d\d.*, \d+$"))
    spoken = await plot.get_attribute("aria-valuetext")
    await page.keyboard.press("ArrowLeft")
    assert await plot.get_attribute("aria-valuetext") != spoken


async def check_address(page: Page, zoomed: str) -> None:
    """Back and forward change the charts, and load nothing. The form of filters keeps the range."""
    await page.evaluate("window.isSamePage = true")
    await page.go_back()
    await expect_same_range(page, SHARED, 300)
    await page.go_forward()
    await expect(page).to_have_url(zoomed)
    await expect_same_range(page, SHARED, 120)
    assert await page.evaluate("window.isSamePage")
    await page.locator(".dashboards-filters").get_by_role("button", name="Apply").click()
    await expect(page).to_have_url(re.compile(r"year=2023.*&from=[^&]+&to=[^&]+$"))
    await expect_same_range(page, SHARED, 120)


async def check_second_dashboard(page: Page) -> None:
    """A page has one address, so all of its dashboards show one range, and go back together."""
    await page.evaluate("""() => {
      const place = document.body.appendChild(document.createElement("div"));
      return htmx.ajax("GET", "/site/timedtoo/", { target: place });
    }""")
    await expect(page.locator("#site_timedtoo .scatterlayer .trace")).to_have_count(1)
    summaries = page.locator(".dashboards-time-range summary bdi")
    assert len(set(await summaries.all_inner_texts())) == 1
    _, box = await hover_area(page)
    await page.mouse.dblclick(box["x"] + 100, box["y"] + box["height"] / 2)
    await expect(page).not_to_have_url(re.compile("from="))
    await expect(summaries).to_have_text(["All", "1 hour"])
    await expect_same_range(page, ("begun",), 600)
