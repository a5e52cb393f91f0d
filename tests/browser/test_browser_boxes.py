"""The menu of each box: the window, the table, files, the link, and what stays live meanwhile."""

import csv
import io
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from dashboards.component.table.export import disarm
from tests.chromium import open_checked
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIVE = ("data-dashboards-live", "open")
TIMES = [f"2026-07-01T12:00:{second:02}+00:00" for second in range(60)]


def rates(count: int) -> dict[str, Any]:
    """Return the figure of two lines with a point each second."""
    traces = [
        {"name": name, "x": TIMES[:count], "y": [factor * each for each in range(count)]}
        for name, factor in (("In", 1), ("<b>Out</b>", 2))
    ]
    layout = {"xaxis": {"title": {"text": "Measured at"}}, "height": 200}
    return {"data": traces, "layout": layout}


class Boxes:
    """The page of boxes with menus."""

    def __init__(self, site: Site, page: Page) -> None:
        self.site = site
        self.page = page

    def box(self, key: str) -> Locator:
        return self.page.locator(f"#site_boxes-{key}")

    def button(self, key: str) -> Locator:
        return self.box(key).locator("> .dashboards-box-button")

    async def open_menu(self, key: str) -> Locator:
        await self.button(key).click()
        menu = self.box(key).get_by_role("menu")
        await expect(menu).to_be_visible()
        return menu

    async def choose(self, key: str, entry: str) -> None:
        menu = await self.open_menu(key)
        await menu.get_by_text(entry, exact=True).click()

    async def download(self, key: str, entry: str) -> tuple[str, bytes]:
        menu = await self.open_menu(key)
        async with self.page.expect_download() as started:
            await menu.get_by_text(entry, exact=True).click()
        download = await started.value
        path = await download.path()
        return download.suggested_filename, Path(path).read_bytes()

    async def cells(self, key: str) -> list[list[str]]:
        cells: list[list[str]] = (
            await self.box(key)
            .locator("details tr")
            .evaluate_all("rows => rows.map(row => [...row.cells].map(cell => cell.textContent))")
        )
        return cells


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def boxes(_site: Site, browser: Browser) -> AsyncIterator[Boxes]:
    """One page for all tests: each leaves its menus, its tables and the window closed."""
    _site.renew()
    _site.push_to("Boxes", rates=rates(30), load={"text": 5, "sparkline": [1, 2.5, None, 4]})
    viewport: Any = {"width": 1000, "height": 700}
    async with (
        await browser.new_context(viewport=viewport) as context,
        open_checked(context) as page,
    ):
        await page.goto(f"{_site.url}/site/boxes/?word=ab")
        await expect(page.locator("#site_boxes")).to_have_attribute(*LIVE)
        await expect(page.locator("#site_boxes-rates .scatterlayer .trace")).to_have_count(2)
        yield Boxes(_site, page)


async def test_box_without_entries_has_no_menu_and_others_name_their_own(boxes: Boxes):
    names = await boxes.page.get_by_role("button", name="Menu:").evaluate_all(
        "all => all.map(each => each.ariaLabel)"
    )

    assert names == [
        *("Menu: Rates", "Menu: Load", "Menu: Search", "Menu: Places", "Menu: In a card"),
    ]
    await expect(boxes.button("bare")).to_have_count(0)


async def test_menu_is_used_by_keyboard_and_gives_the_focus_back(boxes: Boxes):
    button, keyboard = boxes.button("load"), boxes.page.keyboard
    await button.focus()
    await keyboard.press("Enter")
    menu = boxes.box("load").get_by_role("menu")
    await expect(menu).to_be_visible()
    await expect(button).to_have_attribute("aria-expanded", "true")
    shown = await menu.locator("> *:visible").all_text_contents()

    assert shown == ["Enlarge", "Show as a table", "Download CSV", "Copy link", "All charts"]
    await expect(menu.get_by_text("Enlarge")).to_be_focused()
    await keyboard.press("ArrowUp")
    await expect(menu.get_by_role("menuitem", name="All charts")).to_be_focused()
    await expect(menu.get_by_text("All charts")).to_have_attribute("href", "/site/drawn/")
    await keyboard.press("d")
    await expect(menu.get_by_text("Download CSV")).to_be_focused()
    await keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(button).to_be_focused()
    await expect(button).to_have_attribute("aria-expanded", "false")


async def test_table_has_heads_and_keeps_order_and_place_over_an_update(boxes: Boxes):
    boxes.site.push_to("Boxes", rates=rates(30))
    await boxes.choose("rates", "Show as a table")
    table = boxes.box("rates").locator("details table")
    await expect(table.locator("tbody tr")).to_have_count(30)
    head, first, *_ = await boxes.cells("rates")

    assert head == ["Measured at", "In", "Out"]
    assert first == ["Jul 1, 2026, 7:00:29 AM", "29", "58"]
    await expect(table.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    await table.get_by_role("button", name="Out").press("Enter")
    await expect(table.locator("th[aria-sort]")).to_have_text("Out")
    assert (await boxes.cells("rates"))[1][1:] == ["0", "0"]

    host = boxes.box("rates").locator("details")
    await host.evaluate("host => { host.scrollTop = 300; }")
    row = table.locator("tbody tr", has_text="7:00:20")
    before = await row.evaluate("row => { window.row = row; return row.offsetTop; }")
    boxes.site.push_to("Boxes", rates=rates(40))
    await expect(table.locator("tbody tr")).to_have_count(40)
    assert await row.evaluate("row => row === window.row && row.offsetTop") == before
    assert await host.evaluate("host => host.scrollTop") == 300
    await expect(table.locator("th[aria-sort]")).to_have_text("Out")

    await boxes.choose("rates", "Show as a table")
    await expect(table).to_be_hidden()
    boxes.site.push_to("Boxes", rates=rates(30))


async def test_sparkline_has_a_table_that_follows_its_value(boxes: Boxes):
    boxes.site.push_to("Boxes", load={"text": 5, "sparkline": [1, 2.5, None, 4]})
    await boxes.choose("load", "Show as a table")
    await expect(boxes.box("load").locator("tbody tr")).to_have_count(4)
    assert await boxes.cells("load") == [
        ["Number", "Load"],
        ["4", "4"],
        ["3", "\N{EN DASH}"],
        ["2", "2.5"],
        ["1", "1"],
    ]
    boxes.site.push_to("Boxes", load={"text": 5, "sparkline": [1, 2.5, None, 4, 8]})
    await expect(boxes.box("load").locator("tbody tr").first).to_have_text("58")
    await boxes.choose("load", "Show as a table")
    await expect(boxes.box("load").locator("table")).to_be_hidden()


async def test_enlarged_box_stays_live_and_gives_its_place_back(boxes: Boxes):
    page, box = boxes.page, boxes.box("rates")
    surface = box.locator(".dashboards-chart-plot")
    drawn = box.locator(".main-svg").first
    boxes.site.push_to("Boxes", rates=rates(30))
    await boxes.button("rates").scroll_into_view_if_needed()
    before = await box.bounding_box()
    other = await boxes.box("load").bounding_box()
    await box.evaluate("box => { window.box = box; }")
    await boxes.choose("rates", "Enlarge")
    dialog = page.get_by_role("dialog", name="Rates")
    assert await dialog.bounding_box() == {"x": 0, "y": 0, "width": 1000, "height": 700}
    await page.wait_for_function(
        "() => document.querySelector('#site_boxes-rates .main-svg').clientHeight > 550"
    )
    await expect(page.get_by_role("button", name="Close")).to_be_focused()
    assert await boxes.button("load").evaluate("each => each.closest('[inert]') !== null")
    boxes.site.push_to("Boxes", rates=rates(20))
    await page.wait_for_function(
        "plot => plot.data[0].x.length === 20", arg=await surface.element_handle()
    )
    assert await box.evaluate("box => box === window.box")

    # The menu is above it, and closes first.
    await boxes.open_menu("rates")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(boxes.button("rates")).to_be_focused()
    await expect(drawn).to_have_attribute("height", "200")
    assert await box.bounding_box() == before
    assert await boxes.box("load").bounding_box() == other
    left = page.locator("[inert], [role=dialog], .dashboards-box-close")
    assert await left.evaluate_all("all => all.map(each => each.outerHTML)") == []


async def test_input_is_kept_while_its_box_is_enlarged(boxes: Boxes):
    field = boxes.box("search").locator("[name=search-word]")
    await field.fill("abc")
    await boxes.choose("search", "Enlarge")
    await expect(boxes.page.get_by_role("dialog", name="Search")).to_be_visible()
    await expect(field).to_have_value("abc")
    await boxes.page.get_by_role("button", name="Close").click()
    await expect(boxes.page.get_by_role("dialog")).to_have_count(0)
    await expect(field).to_have_value("abc")


async def test_zoom_is_reset_by_the_menu_and_stays_in_the_window(boxes: Boxes):
    page, box = boxes.page, boxes.box("rates")
    plot = await box.locator(".dashboards-chart-plot").element_handle()
    is_auto = "plot => plot._fullLayout.xaxis.autorange"
    assert await plot.evaluate(is_auto)
    menu = await boxes.open_menu("rates")
    await expect(menu.get_by_text("Reset zoom")).to_be_hidden()
    await page.keyboard.press("Escape")
    area = await box.locator(".nsewdrag").bounding_box()
    assert area
    await page.mouse.move(area["x"] + 50, area["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(area["x"] + 150, area["y"] + 80, steps=3)
    await page.mouse.up()
    await page.wait_for_function("plot => plot._fullLayout.xaxis.autorange === false", arg=plot)
    await boxes.choose("rates", "Enlarge")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await boxes.choose("rates", "Reset zoom")
    await page.wait_for_function(is_auto, arg=plot)
    await page.keyboard.press("Escape")
    menu = await boxes.open_menu("rates")
    await expect(menu.get_by_text("Reset zoom")).to_be_hidden()
    await page.keyboard.press("Escape")


HOSTILE = ["=1+1", "a;=1+1", '"=1"', "\t=1", "x\n-1", "a, b", "＋1", "safe"]  # noqa: RUF001


async def test_table_shows_numbers_that_are_too_long_as_powers_of_ten(boxes: Boxes):
    # A cell with 300 zeros made the table as wide.
    host = "Object.assign(document.createElement('details'), {lang: 'en'})"
    cells = await boxes.page.evaluate(
        f"""async numbers => {{
          const {{ writeTable }} = await dashboards.loadBoxTools();
          const host = {host};
          writeTable(host, {{ heads: ["n"], rows: numbers.map(each => [each]) }});
          return [...host.querySelectorAll("td")].map(each => each.textContent);
        }}""",
        [1e300, -2.5e-12, 123456789, 0],
    )

    assert cells == ["1E300", "-2.5E-12", "123456789", "0"]


async def test_csv_has_no_formula_and_the_rows_of_the_table(boxes: Boxes):
    """The same texts are made safe by the server's files, with the same result."""
    figure = {"data": [{"type": "bar", "x": HOSTILE, "y": [-1.5, *range(2, 9)], "name": "=A1"}]}
    boxes.site.push_to("Boxes", rates=figure)
    await expect(boxes.box("rates").locator(".bars .point")).to_have_count(8)
    name, file = await boxes.download("rates", "Download CSV")
    text = file.decode("utf-8-sig")

    assert name == "Rates.csv"
    assert file.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["x", "'=A1"],
        *([disarm(each), str(at)] for each, at in zip(HOSTILE, [-1.5, *range(2, 9)], strict=True)),
    ]
    boxes.site.push_to("Boxes", rates=rates(30))
    await expect(boxes.box("rates").locator(".scatterlayer .trace")).to_have_count(2)


async def test_picture_has_the_size_of_the_chart_and_its_title(boxes: Boxes):
    name, file = await boxes.download("alone", "Download picture")
    size = await boxes.box("alone").locator(".main-svg").first.bounding_box()
    assert size

    assert name == "In a card.png"
    assert file.startswith(b"\x89PNG")
    # Twice as many pixels, with a margin of 12 px and a title of 36 px.
    assert struct.unpack(">2I", file[16:24]) == (
        2 * (size["width"] + 24),
        2 * (size["height"] + 24 + 36),
    )


@pytest.mark.parametrize("is_secure", [True, False])
async def test_link_leads_to_its_box_also_in_a_closed_tab(boxes: Boxes, *, is_secure: bool):
    """A page without https has no ``navigator.clipboard``, as on a machine in the local network."""
    page = boxes.page
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    if not is_secure:
        await page.evaluate(
            "() => Object.defineProperty(navigator, 'clipboard', {value: undefined})"
        )
    await page.get_by_role("tab", name="Closed").click()
    await expect(boxes.box("late").get_by_text("7")).to_be_visible()
    await page.get_by_role("tab", name="Open").click()
    # Two clicks count as one.
    await boxes.button("rates").evaluate(
        "button => { button.focus(); button.click(); button.click(); }"
    )
    menu = boxes.box("rates").get_by_role("menu")
    await menu.get_by_text("Copy link").press("Enter")
    await expect(menu.get_by_text("Link copied")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(menu).to_be_hidden()
    await expect(boxes.button("rates")).to_be_focused()
    await boxes.button("rates").press("Enter")
    await expect(menu.get_by_text("Copy link")).to_be_visible()
    await page.keyboard.press("Escape")
    field = boxes.box("search").locator("[name=search-word]")
    await field.evaluate("field => { field.maxLength = 200; field.value = ''; }")
    await field.focus()
    await page.keyboard.press("ControlOrMeta+v")
    link = await field.input_value()
    await field.fill("")

    assert link == f"{page.url.partition('#')[0]}#site_boxes-rates"
    assert "?word=ab" in link
    other = await page.context.new_page()
    await other.goto(link.replace("-rates", "-late"))
    late = other.locator("#site_boxes-late")
    await expect(late.get_by_text("7")).to_be_in_viewport()
    await expect(late).to_have_css("outline-style", "solid")
    await other.close()


async def test_button_on_a_phone_covers_neither_heading_nor_legend(boxes: Boxes, browser: Browser):
    async with await browser.new_context(
        viewport={"width": 375, "height": 800}, has_touch=True, is_mobile=True
    ) as context:
        page = await context.new_page()
        await page.goto(f"{boxes.site.url}/site/boxes/")
        await expect(page.locator("#site_boxes-rates .legend")).to_have_count(1)
        await expect(page.locator("#site_boxes-alone .main-svg").first).to_be_visible()
        buttons = page.locator(".dashboards-box-button")
        for button in await buttons.all():
            if await button.is_visible():
                await expect(button).to_have_css("opacity", "1")
        covered = await buttons.evaluate_all(
            """buttons => buttons.flatMap(button => {
              const own = button.getBoundingClientRect();
              const texts = document.querySelectorAll(
                ".dashboards-component-title, .dashboards-card-heading, .legend, .modebar");
              return own.width && (own.width < 24 || own.height < 24)
                ? [button.outerHTML] : [...texts].filter(text => {
                const range = document.createRange();
                range.selectNodeContents(text);
                const { left, right, top, bottom } = range.getBoundingClientRect();
                return left < own.right && own.left < right && top < own.bottom && own.top < bottom;
              }).map(text => text.outerHTML);
            })"""
        )
        assert covered == []
        await page.close()
