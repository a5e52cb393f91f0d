"""The theme that a viewer chooses: kept, followed by charts and other tabs, overruled by a page."""

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.harness import Site

PAGE = "rgb(238, 240, 236)", "rgb(8, 13, 15)"  # --dashboards-page, light and dark
FIRST_PAINT = """
    new MutationObserver((_, observer) => {
        if (!document.body) return;
        window.before = document.documentElement.dataset.dashboardsTheme;
        observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
"""
FONT = "() => document.querySelector('.dashboards-chart-plot')?._fullLayout?.font.color"

OWN_SCHEME = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(":root { color-scheme: light }");
    document.adoptedStyleSheets = [sheet];
}"""


@pytest.mark.asyncio(loop_scope="session")
async def test_theme_that_a_viewer_chose_is_kept_and_followed_by_charts_of_other_tabs(
    site: Site, page: Page, context: BrowserContext
):
    light, dark = PAGE
    await page.emulate_media(color_scheme="light")
    await page.goto(f"{site.url}/site/series/")
    await page.wait_for_function(FONT)
    font = await page.evaluate(FONT)
    index = await context.new_page()
    await index.emulate_media(color_scheme="light")
    await index.add_init_script(FIRST_PAINT)
    await index.goto(f"{site.url}/")
    picker = index.get_by_role("group", name="Theme")
    await expect(picker.get_by_role("radio", name="As the system")).to_be_checked()
    await expect(index.locator("body")).to_have_css("background-color", light)

    # By the keyboard: the arrows of radio buttons.
    await picker.get_by_role("radio", name="As the system").focus()
    await index.keyboard.press("ArrowLeft")

    await expect(index.locator("body")).to_have_css("background-color", dark)
    await expect(page.locator("body")).to_have_css("background-color", dark)
    await expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    await page.wait_for_function(f"font => ({FONT})() !== font", arg=font)

    # It is there before anything of the page is.
    await index.reload()
    assert await index.evaluate("window.before") == "dark"
    await expect(picker.get_by_role("radio", name="Dark")).to_be_checked()

    # A project's own color-scheme has precedence.
    await index.evaluate(OWN_SCHEME)
    await expect(index.locator("body")).to_have_css("background-color", light)

    await picker.get_by_role("radio", name="As the system").check()
    await expect(page.locator("body")).to_have_css("background-color", light)
    await index.close()
