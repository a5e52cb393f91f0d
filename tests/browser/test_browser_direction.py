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
