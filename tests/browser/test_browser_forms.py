"""Forms and menus as a person uses them: by keyboard, live, and with a token that has aged."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

FILL = """
from tests.books.models import Book
Book.objects.create(title="Long novel", pages=900)
Book.objects.create(title="Short poems", pages=20, genre="p")
"""
DESK = "#books_desk"


async def see_what_leads_elsewhere(page: Page) -> None:
    """See a group and another site in the menu, and nothing that is hidden."""
    elsewhere = page.locator(".dashboards-menu-section", has_text="Elsewhere")
    await elsewhere.locator("summary").click()
    link = elsewhere.get_by_role("link", name="Wiki & more (another site, opens in a new tab)")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", "noopener")
    await expect(elsewhere.get_by_text("Group")).to_be_visible()
    await expect(elsewhere.get_by_role("link")).to_have_count(2)
    await expect(elsewhere.get_by_role("link", name="Quiet")).to_be_visible()
    await expect(page.get_by_text("Never").or_(page.get_by_text("For staff"))).to_have_count(0)


async def test_filter_fill_in_mend_and_save(site: Site, page: Page):
    site.execute(FILL)
    await page.goto(f"{site.url}/books/desk/?x=1")
    await expect(page.locator(DESK)).to_have_attribute("data-dashboards-live", "open")
    section = page.locator(".dashboards-menu-section[data-dashboards-active]")
    await section.locator("summary").click()
    await expect(page.get_by_role("link", name="Desk", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    await see_what_leads_elsewhere(page)
    await section.locator("summary").click()
    await page.keyboard.press("Escape")
    await expect(section).not_to_have_attribute("open", "")

    # A filter: the address says it, all that depends on it follows, and a reload keeps it.
    await page.locator(f"{DESK}-find").get_by_label("Genre").select_option("p")
    rows = page.locator(f"{DESK}-books tbody tr")
    await expect(rows).to_have_count(1)
    live = page.locator(f"{DESK}-live_count-content")
    for key in ("count", "live_count", "late_count"):
        await expect(page.locator(f"{DESK}-{key}-content")).to_have_text("1")
    await expect(page).to_have_url(re.compile(r"\?x=1&find-genre=p"))
    await page.reload()
    await expect(rows).to_have_count(1)
    await expect(page.locator(DESK)).to_have_attribute("data-dashboards-live", "open")

    # By keyboard: what is wrong is told and focused, what was typed is kept.
    add = page.locator(f"{DESK}-add")
    await add.get_by_label("Title").fill("elsewhere")
    await add.get_by_label("Pages").fill("30")
    await add.get_by_label("Poems").check()
    # Somebody signs in, in another tab: the token of this page is old.
    await page.context.clear_cookies()
    await page.keyboard.press("Enter")
    await expect(add.get_by_role("alert").first).to_contain_text("About no field.")
    await expect(add.get_by_role("alert").first).to_be_focused()
    title = add.get_by_label("Title")
    await expect(title).to_have_value("elsewhere")
    await title.fill("late")
    await title.press("Enter")
    await expect(title).to_be_focused()
    await expect(title).to_have_attribute("aria-invalid", "true")
    await title.fill("A new poem")
    # What is live does not take away what is being typed.
    run = "from tests.books.models import Author; Author.objects.create(name='Ann')"
    site.execute(run)
    await expect(title).to_have_value("A new poem")
    await title.press("Enter")
    await expect(add.get_by_role("status")).to_have_text("Saved.")
    await expect(add.get_by_role("status")).to_be_focused()
    await expect(title).to_have_value("")
    await expect(page.locator(f"{DESK}-count-content")).to_have_text("2")
    # Live, and narrowed still: not the 3 that others are sent.
    await expect(live).to_have_text("2")

    await page.locator(f"{DESK}-find").get_by_role("link", name="Reset").click()
    await expect(rows).to_have_count(3)
    await expect(live).to_have_text("3")
    await expect(page).to_have_url(re.compile(r"\?x=1$"))
    # The browser itself tells of what was refused.
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    assert all("403" in each or "422" in each for each in complaints), complaints
    complaints.clear()


async def test_what_is_chosen_and_typed_survives_a_refusal_and_a_lost_connection(
    site: Site, page: Page
):
    await page.goto(f"{site.url}/books/desk/")
    add = page.locator(f"{DESK}-add")
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

    # A form that is sent to a view of the site's own shows what that answers, or goes there.
    await page.goto(f"{site.url}/books/errand/")
    ask = page.locator("#books_errand-ask")
    await ask.get_by_label("Genre").select_option("p")
    await ask.get_by_role("button", name="Ask").click()
    await expect(page).to_have_url(f"{site.url}/books/shelf/")
    await page.go_back()
    await ask.get_by_label("Genre").select_option("")
    await ask.get_by_role("button", name="Ask").click()
    await expect(ask).to_contain_text("Heard.")

    # One that is sent while somebody types, without leaving the field.
    typed = page.locator("#books_errand-typed")
    least = typed.get_by_label("At least pages")
    await expect(page.locator("#books_errand-count-content")).to_have_text("1")
    await least.focus()
    await page.keyboard.press("Control+a")
    await least.press_sequentially("5000")
    await expect(page.locator("#books_errand-count-content")).to_have_text("0")
    await expect(least).to_be_focused()
    await expect(page).to_have_url(re.compile("typed-least=5000&"))
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    expected = ("422", "INTERNET_DISCONNECTED", "Failed to fetch")
    assert all(any(part in each for part in expected) for each in complaints), complaints
    complaints.clear()
