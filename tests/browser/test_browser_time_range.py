"""The range of time that the charts of a page share: its picker, zoom, crosshair and address."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.chromium import open_checked
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

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
    for _ in range(200):
        shown = [await ends(page, key) for key in keys]
        lengths = [(each[1] - each[0]) / 1000 if each else 0 for each in shown]
        starts = [each[0] if each else 0 for each in shown]
        is_near = all(abs(one - two) < 10_000 for one, two in pairwise(starts))
        if is_near and all(abs(each - seconds) < 1 for each in lengths):
            return
        await page.wait_for_timeout(100)
    pytest.fail(f"{keys} show {lengths} seconds from {starts}, not {seconds} from one time")


async def test_charts_share_range_zoom_and_crosshair(site: Site, page: Page):
    now = datetime.now(UTC)
    fine, coarse = moments(now, 10, 200), moments(now, 30, 70)
    site.push_to("Timed", heat=[[{"x": x, "y": at}] for at, x in enumerate(fine)])
    site.push_to("Timed", rain=[[{"x": x, "y": at}] for at, x in enumerate(coarse)])
    site.push_to("Timed", begun=curve(fine, xaxis={"range": [fine[0], fine[60]]}))
    site.push_to("Timed", alone=curve(fine), days=curve(["2026-01-01", "2026-01-02"]))
    await page.goto(f"{site.url}/site/timed/?year=2023")
    picker = page.locator(".dashboards-time-range")
    summary = picker.locator("summary")
    await expect(page.locator("dashboard-chart .main-svg .bg").first).to_be_visible()
    for key in (*SHARED, "alone"):
        await expect(page.locator(f"#site_timed-{key} .scatterlayer .trace")).to_have_count(1)
    await expect(summary).to_contain_text("All")
    others = [await ends(page, key) for key in OTHERS]
    # The picker names the zone that is not the viewer's; a chart by itself has it on its axis.
    await expect(summary).to_contain_text("America/Chicago")
    await expect(page.locator("#site_timed-alone .xtitle")).to_have_text("America/Chicago")
    await expect(page.locator("#site_timed-heat .xtitle")).to_have_count(0)
    await expect_same_range(page, ("begun",), 600)  # That of its author.

    # The picker shows a relative range in the charts with times of day, and in the address.
    await summary.click()
    await expect(picker.get_by_text("Time zone: America/Chicago")).to_be_visible()
    await picker.get_by_role("button", name="5 minutes").click()
    await expect(page).to_have_url(re.compile(r"\?year=2023&range=5m$"))
    await expect(summary).to_contain_text("5 minutes")
    await expect_same_range(page, SHARED, 300)
    assert [await ends(page, key) for key in OTHERS] == others
    await page.reload()
    await expect_same_range(page, SHARED, 300)

    # What is zoomed in one chart is the range of all, and holds still while points arrive.
    plot = page.locator("#site_timed-heat .dashboards-crosshair")
    await plot.scroll_into_view_if_needed()
    box = await plot.bounding_box()
    assert box
    left, middle = box["x"], box["y"] + box["height"] / 2
    await page.mouse.move(left + box["width"] * 0.2, middle)
    await page.mouse.down()
    await page.mouse.move(left + box["width"] * 0.6, middle, steps=4)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile(r"\?year=2023&from=[\d:.T-]+Z&to=[\d:.T-]+Z$"))
    zoomed = page.url
    await expect_same_range(page, SHARED, 120)
    before = await ends(page, "rain")
    site.push_to("Timed", rain=[[{"x": (now + timedelta(seconds=30)).isoformat(), "y": 77}]])
    await expect(page.locator("#site_timed-rain script[data-dashboards-point]")).to_have_count(71)
    assert await ends(page, "rain") == before

    # A line at one time, with the values of each chart.
    await page.mouse.move(left + box["width"] * 0.5, middle)
    lines = page.locator(".dashboards-crosshair > i:visible")
    await expect(lines).to_have_count(3)
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

    # Back and forward change the charts, and load nothing. The form of the filters keeps the range.
    await page.evaluate("window.isSamePage = true")
    await page.go_back()
    await expect_same_range(page, SHARED, 300)
    await page.go_forward()
    await expect(page).to_have_url(zoomed)
    await expect_same_range(page, SHARED, 120)
    assert await page.evaluate("window.isSamePage")
    await page.get_by_role("button", name="Apply").first.click()
    await expect(page).to_have_url(re.compile(r"year=2023.*&from=[^&]+&to=[^&]+$"))
    await expect_same_range(page, SHARED, 120)

    # A second dashboard on the page has the same address, so it shows the same range.
    await page.evaluate("""() => {
      const place = document.body.appendChild(document.createElement("div"));
      return htmx.ajax("GET", "/site/timedtoo/", { target: place });
    }""")
    site.push_to("TimedToo", heat=curve(fine))
    await expect(page.locator("#site_timedtoo .scatterlayer .trace")).to_have_count(1)
    summaries = page.locator(".dashboards-time-range summary bdi")
    assert len(set(await summaries.all_inner_texts())) == 1

    # A double click goes back to the first range of each dashboard and chart.
    await plot.scroll_into_view_if_needed()
    box = await plot.bounding_box()
    assert box
    await page.mouse.dblclick(box["x"] + 100, box["y"] + box["height"] / 2)
    await expect(page).not_to_have_url(re.compile("from="))
    await expect(summaries).to_have_text(["All", "1 hour"])
    await expect_same_range(page, ("begun",), 600)
    await expect_same_range(page, ("heat",), 1990)
