"""A page with charts loads the smallest bundle of plotly.js that draws them."""

import json
import re
from html import escape
from pathlib import Path

import plotly
import pytest
from playwright.async_api import Page, Route, expect

from tests.harness import Site
from tests.site.dashboards import line

pytestmark = pytest.mark.asyncio(loop_scope="session")

WHOLE_PLOTLY = Path(plotly.__file__).parent / "package_data/plotly.min.js"
BUNDLES = {name: f"/bundles/{name}.js" for name in ("basic", "geo", "cartesian")}
BOX = {"data": [{"type": "box", "y": [1, 2, 3]}]}


async def open_page(site: Site, page: Page, *, missing: str = "", damaged: str = "") -> list[str]:
    """Open a page whose site has all bundles, and return the list of those that it requests.

    Each bundle is the whole plotly.js: packages of Python contain no other.

    Args:
        site: the site.
        page: the page.
        missing: the name of a bundle that cannot be loaded.
        damaged: the name of a bundle in whose place something else is loaded.
    """
    requested: list[str] = []

    async def offer(route: Route) -> None:
        answer = await route.fetch()
        offered = f'data-dashboards-plotly-bundles="{escape(json.dumps(BUNDLES))}"'
        html = re.sub('data-dashboards-plotly-bundles="[^"]*"', offered, await answer.text())
        await route.fulfill(response=answer, body=html)

    async def serve(route: Route) -> None:
        name = route.request.url.rpartition("/")[2].partition(".")[0]
        requested.append(name)
        if name == missing:
            await route.abort()
        elif name == damaged:
            await route.fulfill(content_type="text/javascript", body="// Please sign in.")
        else:
            await route.fulfill(path=WHOLE_PLOTLY)

    await page.route("**/site/folded/", offer)
    await page.route("**/bundles/*.js", serve)
    await page.route(re.compile(r"/plotly\.min[^/]*\.js$"), serve)
    site.push_to("Folded", seen=line(1, 2))
    await page.goto(f"{site.url}/site/folded/", wait_until="domcontentloaded")
    await expect(page.locator("#site_folded")).to_have_attribute("data-dashboards-live", "open")
    return requested


async def test_page_with_a_line_loads_the_basic_bundle_and_later_the_one_of_a_new_trace(
    site: Site, page: Page
):
    requested = await open_page(site, page)
    seen = page.locator("#site_folded-seen-content")
    await expect(seen.locator(".scatterlayer .trace")).to_have_count(1)
    assert requested == ["basic"]

    # The chart of the closed tab asks for nothing that is not loaded.
    await page.get_by_role("tab", name="Charts").click()
    await expect(page.locator("#site_folded-chart-content .scatterlayer .trace")).to_have_count(1)
    assert requested == ["basic"]

    await page.get_by_role("tab", name="Open").click()
    site.push_to("Folded", seen=BOX)
    await expect(seen.locator(".boxlayer .trace")).to_have_count(1)
    assert requested == ["basic", "cartesian"]

    # A trace of no smaller bundle.
    site.push_to("Folded", seen={"data": [{"type": "scatterpolar", "r": [1, 2], "theta": [0, 9]}]})
    await expect(seen.locator(".polarlayer .trace")).to_have_count(1)
    assert requested == ["basic", "cartesian", "plotly"]


@pytest.mark.parametrize("fault", ["missing", "damaged"])
async def test_page_whose_bundle_is_missing_or_damaged_loads_the_whole(
    site: Site, page: Page, fault: str
):
    """Regression: a file that set no Plotly, such as half a bundle, counted as one that draws all
    of its traces. No chart of the page was drawn, and nothing was loaded in its place."""
    requested = await open_page(site, page, **{fault: "basic"})
    await expect(
        page.locator("#site_folded-seen-content .scatterlayer .trace"),
    ).to_have_count(1)
    assert requested == ["basic", "plotly"]
    page.complaints.clear()  # type: ignore[attr-defined]
