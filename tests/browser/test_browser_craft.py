"""Places and sizes of charts and figures, measured in pixels."""

from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from tests.chromium import open_checked
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: ViewportSize = {"width": 375, "height": 800}
DESK: ViewportSize = {"width": 1440, "height": 900}
TIMES = [f"2026-11-25 14:{minute:02}:00" for minute in range(10)]

# The place of an element within another one.
BOX = """element => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return { left, right, top, bottom };
}"""
# By plot: the parts of its width and height that its axes have.
SHARES = """plot => {
    const { w, h } = plot._fullLayout._size;
    return [w / plot.clientWidth, h / plot.clientHeight];
}"""
# The boxes whose content is wider than they are.
OVERFLOWING = """() => [...document.querySelectorAll(".dashboards-component")].filter(box => {
    const { right } = box.getBoundingClientRect();
    return [...box.querySelectorAll(".dashboards-component-content :not(.dashboards-hidden)")]
        .some(each => !each.closest("svg, dashboard-chart, .dashboards-hidden")
            && each.getBoundingClientRect().right > right);
}).map(box => box.id)"""


@pytest.fixture(scope="module")
def site(_site: Site) -> Site:
    _site.renew()
    return _site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(site: Site, browser: Browser) -> AsyncIterator[Page]:
    """The open page of all tests of this module. Each test pushes to boxes of its own."""
    async with await browser.new_context(viewport=DESK) as context, open_checked(context) as page:
        await page.goto(f"{site.url}/site/craft/")
        await expect(page.locator("#site_craft")).to_have_attribute("data-dashboards-live", "open")
        yield page


def plot_of(page: Page, key: str) -> Locator:
    return page.locator(f"#site_craft-{key}-content .dashboards-chart-plot")


def lines(*ends: float, name: str = "Line {}", **layout: Any) -> dict[str, Any]:
    """Return a figure with one line for each end."""
    return {
        "data": [
            {"mode": "lines", "name": name.format(n), "x": TIMES, "y": [1e6] * 9 + [end]}
            for n, end in enumerate(ends)
        ],
        "layout": layout,
    }


async def places(labels: Locator) -> list[dict[str, float]]:
    boxes: list[dict[str, float]] = await labels.evaluate_all(
        f"all => all.map(one => ({BOX})(one))"
    )
    return boxes


async def test_names_at_ends_of_lines_follow_them_apart_in_their_colours(site: Site, page: Page):
    plot = plot_of(page, "lines")
    names = plot.locator(".annotation-text", has_text="Line")
    site.push_to("Craft", lines=lines(5e6, 5e6, 2e6))
    await expect(names).to_have_text(["Line 0", "Line 1", "Line 2"])
    await expect(plot.locator(".legend")).to_have_count(0)
    boxes = sorted(await places(names), key=lambda box: box["top"])
    assert all(one["bottom"] <= other["top"] for one, other in pairwise(boxes))
    line = await plot.locator(".scatterlayer .js-line").first.evaluate(BOX)
    content = await plot.evaluate(BOX)
    assert line["right"] < boxes[0]["left"] < boxes[0]["right"] <= content["right"] + 1
    assert boxes[0]["right"] > content["right"] - 4  # They end where the box's content does.
    colours = await names.evaluate_all("all => all.map(one => one.style.fill)")
    assert len(set(colours)) == 3

    site.push_to("Craft", lines=lines(1e6, 5e6, 2e6))
    await page.wait_for_function(
        "() => [...document.querySelectorAll('#site_craft-lines-content .annotation-text')]"
        ".filter(each => each.textContent.startsWith('Line'))"
        ".sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
        ".map(each => each.textContent).join() === 'Line 1,Line 2,Line 0'"
    )

    site.push_to("Craft", lines=lines(5e6, 2e6, showlegend=True))
    await expect(plot.locator(".legendtext")).to_have_text(["Line 0", "Line 1"])
    await expect(names).to_have_count(0)


async def test_band_and_unit_are_drawn_beside_the_line_of_the_title(site: Site, page: Page):
    plot = plot_of(page, "lines")
    site.push_to("Craft", lines=lines(5e6, 2e6))
    await expect(plot.locator(".annotation-text", has_text="Full")).to_be_visible()
    await expect(plot.locator(".shapelayer path")).to_have_count(2)
    # A name that is higher than its band would lie on that of another.
    site.push_to("Craft", lines=lines(5e6, 2e6, yaxis={"range": [0, 8.1e6]}))
    await expect(plot.locator(".annotation-text", has_text="Full")).to_have_count(0)
    site.push_to("Craft", lines=lines(5e6, 2e6))
    await expect(plot.locator(".annotation-text", has_text="Full")).to_be_visible()
    ticks = plot.locator(".ytick text")
    assert "4\xa0MB/s" in await ticks.all_text_contents()
    # plotly.js places them in several steps.
    await page.wait_for_function("""() => {
        const leftOf = (each) => each.getBoundingClientRect().left;
        const ticks = document.querySelectorAll("#site_craft-lines-content .ytick text");
        const title = document.querySelector("#site_craft-lines-title");
        return Math.abs(Math.min(...Array.from(ticks, leftOf)) - leftOf(title)) < 3;
    }""")

    size = await plot.evaluate("plot => plot._fullLayout.font.size")
    assert size == 12
    await page.evaluate("document.documentElement.style.fontSize = '32px'")
    await page.set_viewport_size({"width": 1441, "height": 900})
    await page.wait_for_function(
        "() => document.querySelector('#site_craft-lines-content .dashboards-chart-plot')"
        "._fullLayout.font.size === 24"
    )
    await page.evaluate("document.documentElement.style.fontSize = ''")
    await page.set_viewport_size(DESK)


async def test_chart_has_the_height_of_its_row_and_holds_it_no_higher(site: Site, page: Page):
    site.push_to("Craft", lines=lines(5e6, 2e6))
    await expect(plot_of(page, "lines").locator(".ytick text").first).to_be_visible()
    drawn = "document.querySelector('#site_craft-lines-content .main-svg').clientHeight"
    beside = page.locator("#site_craft-many")
    for height, expected in (("", "< 450"), ("40rem", "> 500"), ("", "< 450")):
        await beside.evaluate("(box, height) => { box.style.minHeight = height; }", height)
        await page.wait_for_function(f"() => {drawn} {expected}")


async def test_legend_of_many_lines_leaves_the_plot_most_of_its_box(site: Site, page: Page):
    plot = plot_of(page, "many")
    for name, size in (("Line {}", DESK), ("A longer name of line {}", PHONE)):
        await page.set_viewport_size(size)
        site.push_to("Craft", many=lines(*range(14), name=name))
        await expect(plot.locator(".legendtext").first).to_have_text(name.format(0))
        width, height = await plot.evaluate(SHARES)
        assert width >= 0.6
        assert height >= 0.6
    await expect(plot.locator(".annotation-text")).to_have_text("requests/min")
    await page.set_viewport_size(DESK)


async def test_figures_of_15_digits_and_long_units_stay_in_their_boxes(site: Site, page: Page):
    site.push_to("Craft", stat=123456789012345)
    stat = page.locator("#site_craft-stat-content")
    await expect(stat).to_contain_text("123,456,789,012,345")
    for size in (DESK, PHONE):
        await page.set_viewport_size(size)
        assert await page.evaluate(OVERFLOWING) == []
        figures = page.locator(".dashboards-stat-text, .dashboards-gauge-text")
        for box in await figures.evaluate_all(
            "all => all.map(one => [one.scrollWidth - one.clientWidth,"
            " parseFloat(getComputedStyle(one).fontSize)])"
        ):
            assert box[0] <= 1
            assert box[1] >= 8
    await page.set_viewport_size(DESK)
    short = page.locator("#site_craft-short-content .dashboards-stat-text")
    await expect(short).to_contain_text("123.5\xa0M")
    await expect(short.get_by_title("123,456,789\xa0requests")).to_be_visible()


async def test_words_that_come_and_go_move_nothing(site: Site, page: Page):
    box = {"gauge": {"value": 95, "sub_text": "Rising"}, "stat": {"text": 1, "sub_text": "Busy"}}
    site.push_to("Craft", **box, job={"state": "done", "text": "Image 9"})
    await expect(page.locator("#site_craft-gauge-content")).to_contain_text("Critical")
    await expect(page.locator("#site_craft-job-content")).to_contain_text("Done")
    contents = page.locator(":is(.dashboards-gauge, .dashboards-stat, .dashboards-progress)")
    before = await places(contents)

    site.push_to(
        "Craft",
        gauge={"value": 95, "sub_text": "", "bands": [{"end": 99}, {"level": "critical"}]},
        stat={"text": 1, "sub_text": ""},
        job=50,
    )
    await expect(page.locator("#site_craft-gauge-content")).not_to_contain_text("Critical")
    await expect(page.locator("#site_craft-job-content")).not_to_contain_text("Done")
    await expect(page.locator("#site_craft-stat-content")).not_to_contain_text("Busy")
    assert await places(contents) == before


async def test_last_dot_of_sparkline_is_round(site: Site, page: Page):
    site.push_to("Craft", stat={"text": 1, "sparkline": [1, 5, 2, 8]})
    dot = page.locator("#site_craft-stat-content circle")
    await expect(dot).to_have_count(1)
    place = await dot.evaluate(BOX)
    chart = await page.locator("#site_craft-stat-content .dashboards-sparkline").evaluate(BOX)
    assert place["right"] - place["left"] == pytest.approx(place["bottom"] - place["top"])
    assert (place["left"] + place["right"]) / 2 == pytest.approx(chart["right"], abs=1)


async def test_page_from_right_to_left_keeps_the_labels_of_axes_beside_the_plot(
    site: Site, page: Page
):
    await page.evaluate("document.documentElement.dir = 'rtl'")
    plot = plot_of(page, "lines")
    site.push_to("Craft", lines=lines(3e6, 2e6, 1e6))
    await expect(plot.locator(".annotation-text", has_text="Line")).to_have_count(3)
    area = await plot.locator(".scatterlayer").evaluate(BOX)
    # plotly.js had left no room for them: they lay outside of the box, which cut them off.
    start = (await plot.evaluate(BOX))["left"]
    ticks = await places(plot.locator(".ytick text"))
    assert all(start - 1 <= box["left"] < box["right"] < area["left"] for box in ticks)
    names = plot.locator(".annotation-text", has_text="Line")
    assert all(box["left"] > area["right"] for box in await places(names))
    await page.evaluate("document.documentElement.dir = ''")
