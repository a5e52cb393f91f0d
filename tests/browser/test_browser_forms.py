"""Forms and menus in a real browser: by keyboard, live, and with an expired token."""

import re

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILL_DATABASE = """
from tests.books.models import Book
Book.objects.create(title="Long novel", pages=900)
Book.objects.create(title="Short poems", pages=20, genre="p")
"""
DASHBOARD = "#books_desk"
COUNTS = ("count", "live_count", "late_count")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(site: Site, page: Page) -> Page:
    """The page of a menu, a filter and a form, with two books."""
    site.execute(FILL_DATABASE)
    await page.goto(f"{site.url}/books/desk/?x=1")
    await expect(page.locator(DASHBOARD)).to_have_attribute("data-dashboards-live", "open")
    return page


async def filter_poems(page: Page) -> None:
    await page.locator(f"{DASHBOARD}-find").get_by_label("Genre").select_option("p")
    await expect(page.locator(f"{DASHBOARD}-books tbody tr")).to_have_count(1)


def clear_complaints(page: Page, *expected: str) -> None:
    """Clear what the console says of refused requests, and assert that it says nothing else."""
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    assert all(any(part in each for part in expected) for each in complaints), complaints
    complaints.clear()


async def test_menu_marks_current_page_and_closes_by_escape(desk: Page):
    section = desk.locator(".dashboards-menu-section[data-dashboards-active]")
    await section.locator("summary").click()
    await expect(desk.get_by_role("link", name="Desk", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    await desk.keyboard.press("Escape")
    await expect(section).not_to_have_attribute("open", "")


async def test_script_of_the_menu_that_runs_again_listens_once(desk: Page):
    """Regression: hx-boost runs the script of each page that it brings. The listeners of all of
    them stayed."""
    added = await desk.evaluate("""async () => {
        let added = 0;
        const add = window.addEventListener;
        window.addEventListener = (...given) => { added += 1; add.apply(window, given); };
        await window.dashboards.loadScript(document.querySelector("script[src*=menus]").src);
        return added;
    }""")
    assert added == 0


async def test_menu_shows_groups_and_links_and_hides_items_without_permission(desk: Page):
    elsewhere = desk.locator(".dashboards-menu-section", has_text="Elsewhere")
    await elsewhere.locator("summary").click()
    link = elsewhere.get_by_role("link", name="Wiki & more (another site, opens in a new tab)")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", "noopener")
    await expect(elsewhere.get_by_text("Group")).to_be_visible()
    await expect(elsewhere.get_by_role("link")).to_have_count(2)
    await expect(elsewhere.get_by_role("link", name="Quiet")).to_be_visible()
    await expect(desk.get_by_text("Never").or_(desk.get_by_text("For staff"))).to_have_count(0)


async def test_filter_updates_url_and_dependent_components_and_survives_reload(desk: Page):
    await filter_poems(desk)
    for key in COUNTS:
        await expect(desk.locator(f"{DASHBOARD}-{key}-content")).to_have_text("1")
    await expect(desk).to_have_url(re.compile(r"\?x=1&find-genre=p"))
    await desk.reload()
    await expect(desk.locator(f"{DASHBOARD}-books tbody tr")).to_have_count(1)
    await expect(desk.locator(DASHBOARD)).to_have_attribute("data-dashboards-live", "open")


async def test_filter_reset_shows_all_rows_and_removes_parameter_from_url(desk: Page):
    await filter_poems(desk)
    await desk.locator(f"{DASHBOARD}-find").get_by_role("link", name="Reset").click()
    await expect(desk.locator(f"{DASHBOARD}-books tbody tr")).to_have_count(2)
    await expect(desk.locator(f"{DASHBOARD}-live_count-content")).to_have_text("2")
    await expect(desk).to_have_url(re.compile(r"\?x=1$"))


async def test_filter_shows_the_first_page_of_the_rows_and_reset_too(site: Site, desk: Page):
    """Regression: the table kept its page. Who filtered on page 3 saw the end of the rows that were
    left."""
    site.execute("""
from tests.books.models import Book
for number in range(60):
    Book.objects.create(title=f"Book {number:02}", pages=100, genre="np"[number % 2])
""")
    await desk.goto(f"{site.url}/books/desk/?x=1&books-sort=-title&books-page=3")
    books = desk.locator(f"{DASHBOARD}-books")
    shown = books.locator(".dashboards-rows-page")
    await expect(shown).to_have_text("Page 3 of 3")
    await desk.locator(f"{DASHBOARD}-find").get_by_label("Genre").select_option("p")
    await expect(shown).to_have_text("Page 1 of 2")
    await expect(desk).to_have_url(re.compile(r"\?x=1&find-genre=p\S*&books-sort=-title$"))
    await books.get_by_role("link", name="Next").click()
    await expect(shown).to_have_text("Page 2 of 2")
    await expect(desk).to_have_url(re.compile("books-page=2"))
    await desk.locator(f"{DASHBOARD}-find").get_by_role("link", name="Reset").click()
    await expect(shown).to_have_text("Page 1 of 3")
    await expect(desk).to_have_url(re.compile(r"\?x=1&books-sort=-title$"))


async def test_rejected_form_focuses_error_and_keeps_typed_text(desk: Page):
    add = desk.locator(f"{DASHBOARD}-add")
    title = add.get_by_label("Title")
    await title.fill("elsewhere")
    await add.get_by_label("Pages").fill("30")
    await add.get_by_label("Poems").check()
    await desk.keyboard.press("Enter")
    await expect(add.get_by_role("alert").first).to_contain_text("About no field.")
    await expect(add.get_by_role("alert").first).to_be_focused()
    await expect(title).to_have_value("elsewhere")
    await title.fill("late")
    await title.press("Enter")
    await expect(title).to_be_focused()
    await expect(title).to_have_attribute("aria-invalid", "true")
    clear_complaints(desk, "422")


async def test_form_with_expired_token_fetches_new_one_and_is_checked(desk: Page):
    add = desk.locator(f"{DASHBOARD}-add")
    await add.get_by_label("Title").fill("elsewhere")
    await add.get_by_label("Pages").fill("30")
    await add.get_by_label("Poems").check()
    # A login in another tab replaces the token of this page.
    await desk.context.clear_cookies()
    await desk.keyboard.press("Enter")
    await expect(add.get_by_role("alert").first).to_contain_text("About no field.")
    await expect(add.get_by_label("Title")).to_have_value("elsewhere")
    clear_complaints(desk, "403", "422")


async def test_live_update_keeps_text_being_typed(site: Site, desk: Page):
    title = desk.locator(f"{DASHBOARD}-add").get_by_label("Title")
    await title.fill("A new poem")
    add_author = "from tests.books.models import Author; Author.objects.create(name='Ann')"
    site.execute(add_author)
    site.execute(FILL_DATABASE)
    await expect(desk.locator(f"{DASHBOARD}-live_count-content")).to_have_text("4")
    await expect(title).to_have_value("A new poem")


async def test_saved_form_is_emptied_and_updates_filtered_counts(desk: Page):
    await filter_poems(desk)
    add = desk.locator(f"{DASHBOARD}-add")
    title = add.get_by_label("Title")
    await title.fill("A new poem")
    await add.get_by_label("Pages").fill("30")
    await add.get_by_label("Poems").check()
    await title.press("Enter")
    await expect(add.get_by_role("status")).to_have_text("Saved.")
    await expect(add.get_by_role("status")).to_be_focused()
    await expect(title).to_have_value("")
    await expect(desk.locator(f"{DASHBOARD}-count-content")).to_have_text("2")
    # The live count is still filtered: viewers without a filter get 3.
    await expect(desk.locator(f"{DASHBOARD}-live_count-content")).to_have_text("2")
    await desk.locator(f"{DASHBOARD}-find").get_by_role("link", name="Reset").click()
    await expect(desk.locator(f"{DASHBOARD}-books tbody tr")).to_have_count(3)
    await expect(desk.locator(f"{DASHBOARD}-live_count-content")).to_have_text("3")


async def test_form_keeps_file_and_text_after_rejection_and_lost_connection(site: Site, page: Page):
    await page.goto(f"{site.url}/books/desk/")
    add = page.locator(f"{DASHBOARD}-add")
    title, scan = add.get_by_label("Title"), add.get_by_label("Scan")
    await title.fill("late")
    await add.get_by_label("Poems").check()
    await scan.set_input_files({"name": "s.png", "mimeType": "image/png", "buffer": b"png"})
    await title.press("Enter")
    await expect(title).to_have_attribute("aria-invalid", "true")
    names = "input => [...input.files].map(({ name }) => name)"
    assert await scan.evaluate(names) == ["s.png"]

    await title.fill("In time")
    await page.context.set_offline(True)
    await title.press("Enter")
    failed = add.locator(".dashboards-failed")
    await expect(failed).to_contain_text("This could not be sent.")
    await expect(title).to_have_value("In time")
    await page.context.set_offline(False)
    await title.press("Enter")
    await expect(add.get_by_role("status")).to_have_text("Saved.")
    await expect(failed).to_be_hidden()
    saved = "from tests.books.models import Book; Book.objects.get(title='In time', secret='s.png')"
    site.execute(saved)
    clear_complaints(page, "422", "INTERNET_DISCONNECTED", "Failed to fetch")


async def test_form_with_own_view_follows_redirect_and_shows_its_answer(site: Site, page: Page):
    await page.goto(f"{site.url}/books/errand/")
    ask = page.locator("#books_errand-ask")
    await ask.get_by_label("Genre").select_option("p")
    await ask.get_by_role("button", name="Ask").click()
    await expect(page).to_have_url(f"{site.url}/books/shelf/")
    await page.go_back()
    await ask.get_by_label("Genre").select_option("")
    await ask.get_by_role("button", name="Ask").click()
    await expect(ask).to_contain_text("Heard.")


async def test_filter_submitted_while_typing_keeps_focus(site: Site, page: Page):
    site.execute(FILL_DATABASE)
    await page.goto(f"{site.url}/books/errand/")
    least = page.locator("#books_errand-typed").get_by_label("At least pages")
    count = page.locator("#books_errand-count-content")
    await expect(count).to_have_text("2")
    await least.focus()
    await page.keyboard.press("Control+a")
    await least.press_sequentially("5000")
    await expect(count).to_have_text("0")
    await expect(least).to_be_focused()
    await expect(page).to_have_url(re.compile("typed-least=5000&"))
