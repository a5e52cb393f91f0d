"""Tables in a real browser: sorting, search and pages, live, and without scripts."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILL = """
from tests.books.models import Author, Book
ann = Author.objects.create(name="Ann")
Book.objects.bulk_create(
    Book(
        title=f"Book {n:03}",
        author=ann if n % 2 else None,
        pages=1000 - n,
        price=1000 + n / 2,
        published="2024-02-29",
    )
    for n in range(60)
)
"""
ADD = "from tests.books.models import Book; Book.objects.create(title='{}', pages=5000)"
BOOKS, LIVE = "#books_shelf-books", "#books_shelf-live"


async def test_sort_search_and_page_kept_in_url(site: Site, page: Page):
    site.execute(FILL)
    await page.goto(f"{site.url}/books/shelf/?x=1")
    books, live = page.locator(BOOKS), page.locator(LIVE)
    first = books.locator("tbody th").first
    await expect(first).to_have_text("Book 000")
    second = books.locator("tbody tr").nth(1)
    await expect(second.get_by_role("cell")).to_have_text(
        ["Ann", "999", "1,000.50 €", "Feb. 29, 2024", "yes", "*Novel*", "BOOK 001"]
    )
    for name, address in (("Book 001", r"^/books/\d+/$"), ("Ann", r"^/authors/\d+/$")):
        link = second.get_by_role("link", name=name)
        await expect(link).to_have_attribute("href", re.compile(address))
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))

    await books.get_by_role("link", name="Pages", exact=True).click()
    await expect(first).to_have_text("Book 059")
    await expect(books.locator("[aria-sort=ascending]")).to_have_text(re.compile("Pages"))
    await books.get_by_role("link", name="Next").click()
    await expect(books.get_by_role("status")).to_contain_text("26–50 of 60")  # noqa: RUF001
    await live.get_by_role("link", name="Last").click()
    await expect(live.get_by_role("status")).to_contain_text("51–60 of 60")  # noqa: RUF001
    search = books.get_by_role("searchbox", name="Search")
    await search.press_sequentially("ann", delay=20)
    await expect(books.get_by_role("status")).to_contain_text("1–25 of 30")  # noqa: RUF001
    await expect(search).to_be_focused()
    await books.get_by_label("Rows").select_option("50")
    await expect(books.get_by_role("status")).to_contain_text("1–30 of 30")  # noqa: RUF001

    address = page.url
    for part in ("x=1", "books-sort=pages", "books-search=ann", "books-size=50", "live-page=3"):
        assert part in address
    assert not [url for url in loads if "@component" in url]
    await page.goto(address)
    await expect(books.get_by_role("status")).to_contain_text("1–30 of 30")  # noqa: RUF001
    await expect(live.get_by_role("status")).to_contain_text("51–60 of 60")  # noqa: RUF001
    await expect(search).to_have_value("ann")
    await books.get_by_role("link", name="Show all").click()
    await expect(books.get_by_role("status")).to_contain_text("1–50 of 60")  # noqa: RUF001
    await expect(search).to_have_value("")
    assert "books-search" not in page.url


async def test_live_table_update_keeps_sorting(site: Site, page: Page):
    site.execute(FILL)
    await page.goto(f"{site.url}/books/shelf/")
    await expect(page.locator("#books_shelf")).to_have_attribute("data-dashboards-live", "open")
    live = page.locator(LIVE)
    await expect(live.locator("tbody th").first).to_have_text("Book 000")
    site.execute(ADD.format("A new one"))
    await expect(live.locator("tbody th").first).to_have_text("A new one")

    await live.get_by_role("link", name="Pages", exact=True).click()
    await expect(live.locator("tbody th").first).to_have_text("Book 059")
    await live.get_by_role("link", name="Pages", exact=True).click()
    await expect(live.locator("tbody th").first).to_have_text("A new one")
    site.execute(ADD.format("Yet another"))

    await expect(live.locator("tbody th").nth(1)).to_have_text("Yet another")
    await expect(live.locator("tbody th").first).to_have_text("A new one")
    assert "live-sort=-pages" in page.url


async def test_table_updated_every_second_can_be_sorted_and_searched(site: Site, page: Page):
    await page.goto(f"{site.url}/books/ticking/?polled-page=2")
    for key in ("refreshed", "polled", "rows"):
        rows = page.locator(f"#books_ticking-{key}")
        turn = rows.locator("tbody td").first
        before = await turn.inner_text()
        await expect(turn).not_to_have_text(before)
        await rows.get_by_role("link", name="Name").click()
        await expect(rows.locator("[aria-sort=ascending]")).to_have_count(1)
        await rows.get_by_role("link", name="Name").click()
        await expect(rows.locator("tbody th").first).to_have_text("row 59")
        before = await turn.inner_text()
        await expect(turn).not_to_have_text(before)
        await expect(rows.locator("tbody th").first).to_have_text("row 59")
    assert "polled-page" not in page.url

    rows = page.locator("#books_ticking-rows")
    search = rows.get_by_role("searchbox")
    await search.press_sequentially("row 59", delay=250)
    await expect(search).to_have_value("row 59")
    await expect(rows.get_by_role("status")).to_contain_text("1–1 of 1")  # noqa: RUF001
    await expect(search).to_be_focused()


async def test_table_works_without_scripts_and_scrolls_on_phone(site: Site, browser: Browser):
    site.execute(FILL)
    context = await browser.new_context(
        java_script_enabled=False, viewport={"width": 390, "height": 800}
    )
    page = await context.new_page()
    await page.goto(f"{site.url}/books/shelf/?live-page=2")
    books = page.locator(BOOKS)
    await books.get_by_role("link", name="Title").click()
    await expect(books.locator("tbody th").first).to_have_text("Book 059")
    await books.get_by_role("searchbox").fill("ann")
    await books.get_by_role("button", name="Show").click()
    await expect(books.get_by_role("status")).to_contain_text("1–25 of 30")  # noqa: RUF001
    assert "live-page=2" in page.url
    box = books.get_by_role("group")
    width = await box.bounding_box()
    assert width is not None
    assert width["width"] < 390
    await context.close()


async def test_table_export_downloaded(site: Site, page: Page):
    site.execute(FILL)
    await page.goto(f"{site.url}/books/shelf/?books-search=ann")
    async with page.expect_download() as waiting:
        await page.locator(BOOKS).get_by_role("link", name="Download CSV").click()
    download = await waiting.value
    assert download.suggested_filename == "books.csv"
    text = (await download.path()).read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 31


async def test_failed_sort_shows_error_and_keeps_rows(site: Site, page: Page):
    """Regression: after the session had ended, sorting did nothing and showed no error."""
    site.execute(FILL)
    await page.request.get(f"{site.url}/login/admin/")
    await page.goto(f"{site.url}/books/vault/")
    books = page.locator("#books_vault-books")
    pages, rows = books.get_by_role("link", name="Pages", exact=True), books.locator("tbody th")
    failed, search = books.get_by_role("alert"), books.get_by_role("searchbox")
    await page.request.get(f"{site.url}/logout/")
    await pages.click()
    await expect(failed).to_contain_text("This could not be loaded")
    await expect(rows.first).to_have_text("Book 000")
    assert "sort" not in page.url
    await page.request.get(f"{site.url}/login/admin/")
    await pages.click()
    await expect(rows.first).to_have_text("Book 059")
    await expect(failed).to_be_hidden()

    await page.context.set_offline(True)
    await search.fill("007")
    await expect(failed).to_be_visible()
    await expect(rows).to_have_count(25)
    await page.context.set_offline(False)
    await search.press("Enter")
    await expect(rows).to_have_text(["Book 007"])
    await expect(failed).to_be_hidden()
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    expected = ("403", "INTERNET_DISCONNECTED", "Failed to fetch")
    assert all(any(part in each for part in expected) for each in complaints), complaints
    complaints.clear()
