"""``dashboards.contrib.system``: live for staff, on its own page and inside the admin."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, Page, expect

from tests.harness import Site
from tests.integration.test_servers import log_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATH = "/dashboards_system/system/"
IN_ADMIN = "/admin/dashboards_system/systempage/"

# The computed style of the admin's own elements around the content.
STYLES = """selectors => selectors.map(selector => {
    const {color, backgroundColor, font, margin, padding, display} =
        getComputedStyle(document.querySelector(selector));
    return [selector, color, backgroundColor, font, margin, padding, display];
})"""
FRAME = ["body", "#header", "#site-name", "#content h1"]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the admin and the app, under uvicorn."""
    folder = tmp_path_factory.mktemp("system")
    site = Site(folder, DJANGO_SETTINGS_MODULE="tests.system_settings")
    site.start()
    yield site
    site.stop()


async def sign_in(page: Page, site: Site, username: str) -> None:
    await page.goto(f"{site.url}/login/{username}/")


def figure(page: Page, key: str) -> Locator:
    return page.locator(f"[id$='-{key}-content'] .dashboards-stat-text")


async def test_staff_sees_requests_queries_processes_and_themselves_live(system: Site, page: Page):
    system.execute("from tests.site.tasks import deliver; deliver.enqueue()")
    await sign_in(page, system, "admin")
    await page.goto(f"{system.url}{PATH}")
    await expect(page.locator("#dashboards_system_system")).to_have_attribute(
        "data-dashboards-live", "open"
    )
    for key in ("request_rate", "queries", "streams"):
        await expect(figure(page, key)).to_have_text(re.compile("[1-9]"))
    viewers = page.locator("[id$='-viewers-content']")
    await expect(
        viewers.get_by_role("row", name="dashboards_system_system 1 admin")
    ).to_be_visible()
    await expect(page.locator("[id$='-processes-content'] tbody tr")).to_have_count(1)
    await expect(page.locator("[id$='-rate_history-content'] .main-svg").first).to_be_visible()
    await expect(page.locator("[id$='-caches-content']")).to_contain_text("works")
    queues = page.locator("[id$='-queues-content'] tbody tr")
    await expect(queues).to_have_text(re.compile(r"Tasks default\s*1\s*0\s*0"))


async def test_users_who_are_not_staff_get_no_byte_of_it(system: Site):
    cookie = log_in(system, "other")
    for path in (PATH, f"{PATH}@stream/", f"{PATH}@component/viewers/"):
        assert system.get(path, Cookie=cookie)[0] == 403
    assert system.get(PATH)[0] == 302
    assert system.get(f"{PATH}@stream/")[0] == 403
    assert system.get(IN_ADMIN, Cookie=cookie)[0] == 302


async def test_admin_links_to_it_and_keeps_its_own_style_around_it(system: Site, page: Page):
    await sign_in(page, system, "admin")
    await page.goto(f"{system.url}/admin/password_change/")
    before = await page.evaluate(STYLES, FRAME)
    await page.goto(f"{system.url}/admin/")
    await page.get_by_role("link", name="System", exact=True).last.click()
    await expect(page).to_have_url(f"{system.url}{IN_ADMIN}")
    await expect(page.locator(".dashboards-dashboard")).to_have_attribute(
        "data-dashboards-live", "open"
    )
    await expect(figure(page, "request_rate")).to_have_text(re.compile("[1-9]"))
    assert await page.evaluate(STYLES, FRAME) == before


async def test_admin_and_dumpdata_query_no_table_of_the_page(system: Site):
    """Regression: the admin's addresses of one object were answered 500, and dumpdata failed: both
    looked for a table, which the model of the page does not have."""
    cookie = log_in(system, "admin")
    answers = [
        system.get(f"{IN_ADMIN}{path}", Cookie=cookie)[0]
        for path in ("1/change/", "1/history/", "1/delete/")
    ]
    assert answers == [302, 302, 403]
    system.execute(
        "import io; from django.core.management import call_command;"
        "call_command('dumpdata', 'dashboards_system', stdout=io.StringIO())"
    )
