"""Pages that are written from right to left."""

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The places of the first and the last character of an element's text, in its box.
EDGES = """element => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    const place = (text, start) => {
        const range = document.createRange();
        range.setStart(text, start);
        range.setEnd(text, start + 1);
        return range.getBoundingClientRect();
    };
    const box = element.parentElement.getBoundingClientRect();
    const first = place(texts[0], 0);
    const last = place(texts.at(-1), texts.at(-1).length - 1);
    return {
        first: first.left,
        last: last.left,
        toTheRight: box.right - last.right,
        toTheLeft: first.left - box.left,
    };
}"""


async def test_figure_on_a_page_from_right_to_left_keeps_its_order_at_the_right_edge(
    site: Site, page: Page
):
    site.push(number="51 %")
    await page.goto(f"{site.url}/site/live/")
    await page.evaluate("document.documentElement.dir = 'rtl'")
    figure = page.locator("#site_live-number-content .dashboards-stat-text")
    await expect(figure).to_have_text("51 %")

    edges = await figure.evaluate(EDGES)
    assert edges["first"] < edges["last"]
    assert edges["toTheRight"] < 20 < edges["toTheLeft"]


async def test_scale_and_change_on_a_page_from_right_to_left_keep_their_order(
    site: Site, page: Page
):
    """Regression: a gauge, which is not mirrored, had its highest number below its low end, and a
    change in percent was shown as "% 12.5"."""
    await page.goto(f"{site.url}/site/figures/")
    await page.evaluate("document.documentElement.dir = 'rtl'")
    ends = page.locator("#site_figures-boiler-content .dashboards-gauge-ends > span")
    await expect(ends).to_have_text(["0", "120"])
    lefts = await ends.evaluate_all("all => all.map(each => each.getBoundingClientRect().left)")
    assert lefts[0] < lefts[1]

    change = page.locator("#site_figures-orders-content .dashboards-stat-change > b")
    # As in a sentence of the page's language.
    await change.evaluate("element => element.parentElement.prepend('\\u0627')")
    edges = await change.evaluate(EDGES)
    assert edges["first"] < edges["last"]
