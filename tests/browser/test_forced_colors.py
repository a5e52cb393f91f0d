"""Forced colours, such as those of Windows with high contrast: what is drawn stays visible."""

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The colours of the system, and those that elements have.
COLOURS = """() => {
    const probe = document.body.appendChild(document.createElement("i"));
    const system = (name) => {
        probe.style.color = name;
        return getComputedStyle(probe).color;
    };
    const style = (selector, property) =>
        getComputedStyle(document.querySelector(selector))[property];
    return {
        highlight: system("Highlight"),
        text: system("CanvasText"),
        ground: system("Canvas"),
        gauge: style(".dashboards-gauge-value", "stroke"),
        edge: style("progress", "borderTopColor"),
        bar: style("progress", "forcedColorAdjust"),
    };
}"""


LINES = """() => {
    const chart = document.querySelector("dashboard-chart");
    return [1, 2, 3].map((number) => chart.color(`--dashboards-chart-${number}`));
}"""
LAND = "document.querySelector('dashboard-chart').color('--dashboards-track')"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_gauge_bar_and_lines_of_a_chart_are_visible_with_forced_colours(
    site: Site, page: Page, scheme: str
):
    site.push_to("Figures", boiler=75, job={"value": 40})
    await page.emulate_media(forced_colors="active", color_scheme=scheme)  # type: ignore[arg-type]
    await page.goto(f"{site.url}/site/figures/")
    await expect(page.locator("progress").first).to_be_visible()

    found = await page.evaluate(COLOURS)
    assert found["gauge"] == found["highlight"]
    # The backgrounds of a bar would all have the colour of the page.
    assert (found["edge"], found["bar"]) == (found["text"], "none")

    await page.goto(f"{site.url}/site/pie/")
    assert len({*await page.evaluate(LINES), found["text"]}) == 4
    # A map was one black area.
    assert await page.evaluate(LAND) == found["ground"]
    name = page.locator(".legendtext").first
    await expect(name).to_have_css("fill", found["text"])
    await page.emulate_media(forced_colors="none")
    await expect(name).not_to_have_css("fill", found["text"])
