"""WCAG 2.2, levels A and AA: what axe finds on pages in unusual states, and what it does not test.

The pages of the demo are tested in tests/project/test_demo.py.
"""

import pytest
from playwright.async_api import Page, expect

from tests.axe import SCHEMES, find_violations
from tests.browser.test_browser_tables import FILL_DATABASE
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Fields and buttons whose edge has less than 3:1 to what is around them, and no other background.
FAINT_EDGES = """() => {
    const read = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = (color) => color.slice(0, 3)
        .map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const contrast = (...colors) => {
        const [dark, light] = colors.map(luminance).sort((one, other) => one - other);
        return (light + 0.05) / (dark + 0.05);
    };
    const background = (element) => {
        const color = read(getComputedStyle(element).backgroundColor);
        return color[3] === 0 ? background(element.parentElement) : color;
    };
    return [...document.querySelectorAll(".dashboards-dashboard :is(input, select, textarea)")]
        .filter((field) => field.checkVisibility() && getComputedStyle(field).appearance !== "auto")
        .map((field) => [field, background(field.parentElement)])
        .filter(([field, around]) => contrast(background(field), around) < 3)
        .map(([field, around]) => [field, around, read(getComputedStyle(field).borderColor)])
        .filter(([, around, edge]) => contrast(edge, around) < 3)
        .map(([field]) => field.id || field.outerHTML);
}"""

# What has the focus: if its outline is seen, and if another element lies over it.
FOCUS = """() => {
    const element = document.activeElement;
    const {outlineStyle, outlineWidth} = getComputedStyle(element);
    const {left, right, top, bottom} = element.getBoundingClientRect();
    // The middle of its part in the window.
    const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
    const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
    const seen = document.elementFromPoint(x, y);
    return {
        name: element.outerHTML.slice(0, 150),
        isOutlined: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        isCovered: !(element.contains(seen) || seen?.contains(element)),
    };
}"""

# WCAG 1.4.12.
SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* {
        line-height: 1.5 !important; letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important;
    }`);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


@pytest.mark.parametrize("path", ["/", "/site/filtered/?since=x", "/books/shelf/"])
async def test_page_breaks_no_rule_of_wcag(site: Site, page: Page, path: str):
    site.execute(FILL_DATABASE)
    await page.goto(f"{site.url}{path}")
    assert await find_violations(page) == []


async def test_failed_boxes_and_the_open_menu_break_no_rule_of_wcag(site: Site, page: Page):
    await page.set_viewport_size({"width": 390, "height": 900})
    await page.goto(f"{site.url}/site/failing/")
    await expect(page.get_by_role("button", name="Try again").first).to_be_visible()
    assert await find_violations(page) == []
    await page.set_viewport_size({"width": 390, "height": 900})
    await page.get_by_role("button", name="Menu", exact=True).click()
    assert await find_violations(page, widths=[390]) == []


async def test_menu_window_table_and_range_of_a_box_break_no_rule_of_wcag(site: Site, page: Page):
    times = [f"2026-07-01T12:00:{second:02}+00:00" for second in range(30)]
    site.push_to("Boxes", rates={"data": [{"x": times, "y": list(range(30))}]})
    await page.set_viewport_size({"width": 390, "height": 900})
    await page.goto(f"{site.url}/site/boxes/")
    box = page.locator("#site_boxes-rates")
    button, menu = box.locator("> .dashboards-box-button"), box.get_by_role("menu")
    await expect(box.locator(".scatterlayer .trace")).to_have_count(1)
    await button.click()
    await expect(menu).to_be_visible()
    assert await find_violations(page, widths=[390]) == []
    await menu.get_by_text("Enlarge").click()
    await button.click()
    await menu.get_by_text("Show as a table").click()
    await expect(box.get_by_role("row").nth(30)).to_be_attached()
    assert await find_violations(page, widths=[390]) == []
    await page.keyboard.press("Escape")
    await page.locator(".dashboards-time-range > summary").click()
    assert await find_violations(page, widths=[390]) == []


async def test_fields_have_an_edge_and_focus_is_seen_at_320_pixels_with_wide_text(
    site: Site, page: Page
):
    site.execute(FILL_DATABASE)
    await page.goto(f"{site.url}/books/shelf/")
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        assert await page.evaluate(FAINT_EDGES) == []
    # As 1280 pixels look with a zoom of 400 %.
    await page.set_viewport_size({"width": 320, "height": 256})
    await page.evaluate(SPACING)
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    # An open menu does not stay over what gets the focus.
    await page.get_by_role("button", name="Menu", exact=True).click()
    for _ in range(20):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(FOCUS)
        assert (focus["isOutlined"], focus["isCovered"]) == (True, False), focus
