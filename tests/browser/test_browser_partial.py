"""Dashboards that htmx puts into an element of a page: tabs of a page of one's own."""

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

TABS = """() => {
    const tab = (path) => {
        const made = document.createElement("button");
        const given = {"hx-get": path, "hx-target": "#shown", "hx-push-url": "true"};
        Object.entries(given).forEach(([name, value]) => made.setAttribute(name, value));
        made.textContent = path;
        return made;
    };
    const shown = document.createElement("div");
    shown.id = "shown";
    document.body.replaceChildren(tab("/site/live/"), tab("/site/quiet/"), shown);
    htmx.process(document.body);
}"""


async def open_tabs(site: Site, page: Page) -> None:
    await page.goto(f"{site.url}/embedded/")
    await page.evaluate(TABS)
    await page.get_by_role("button", name="/site/live/").click()
    await expect(page.locator("#site_live")).to_have_attribute("data-dashboards-live", "open")


async def test_dashboards_in_tabs_are_live_without_the_pages_around_them(site: Site, page: Page):
    # The page of a dashboard was put into the tab, with its head, its menu and its title.
    await open_tabs(site, page)
    site.push(number=7)
    await expect(page.locator("#site_live-number-content")).to_have_text("7")
    await expect(page.locator("#shown > section")).to_have_count(1)
    await expect(page.locator(".dashboards-bar, main")).to_have_count(0)

    await page.get_by_role("button", name="/site/quiet/").click()
    await expect(page.locator("#site_quiet")).to_have_attribute("data-dashboards-live", "open")
    await expect(page.locator("#site_live")).to_have_count(0)


async def test_back_button_and_reload_show_the_page_and_not_a_part(site: Site, page: Page):
    """Regression: under Trusted Types htmx could not insert a page, for it contains scripts."""
    await open_tabs(site, page)
    await page.get_by_role("button", name="/site/quiet/").click()
    await expect(page.locator("#shown > #site_quiet")).to_be_visible()

    await page.go_back()
    await expect(page.locator("main#site_live")).to_be_visible()
    # The tools of a page that htmx has inserted work.
    await page.get_by_role("switch", name="Read changes aloud").click()
    await expect(page.get_by_role("switch", name="Read changes aloud")).to_be_checked()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("main[data-dashboards-held]")).to_have_count(1)
    # From the browser's own cache, not by htmx.
    await page.goto("about:blank")
    await page.go_back()
    await expect(page.locator("main#site_live")).to_have_attribute("data-dashboards-live", "open")
    await page.reload()
    await expect(page.locator("main#site_live")).to_have_attribute("data-dashboards-live", "open")
