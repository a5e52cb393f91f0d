"""Layouts in a real browser: tabs by keyboard, by URL, and without scripts."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.conftest import MakeSite
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARRANGED = "#site_arranged"

NOTE_SHIFTS = """
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) window.shifted += value;
    }).observe({ type: "layout-shift", buffered: true });
"""


async def see_what_stands_above(page: Page) -> None:
    """Assert that a heading, a card and a project's own layout class are shown."""
    await expect(page.get_by_role("heading", name="Welcome <all>", level=2)).to_be_visible()
    card = page.locator(".dashboards-card", has=page.get_by_role("heading", name="A card", level=2))
    await expect(card.get_by_text("Its foot")).to_be_visible()
    await expect(card.get_by_role("link", name="Live")).to_have_attribute("href", "/site/live/")
    await expect(card).to_contain_text("first")
    await expect(page.locator(".span-12:has(> img[width='40'])")).to_contain_text("Pictured")


async def test_tabs_follow_aria_pattern(site: Site, page: Page):
    loads: list[Request] = []
    page.on("request", lambda each: loads.append(each) if "@component" in each.url else None)
    await page.goto(f"{site.url}/site/arranged/")
    await see_what_stands_above(page)
    tabs, panels = page.get_by_role("tab"), page.locator(".dashboards-tab-panel")
    await expect(tabs).to_have_count(3)
    assert await tabs.evaluate_all("all => all.map(each => each.tabIndex)") == [0, -1, -1]
    await expect(panels.nth(0)).to_be_visible()
    await expect(panels.nth(1)).to_be_hidden()
    # Live components in a hidden tab are updated; deferred ones are not loaded yet.
    await expect(page.locator(ARRANGED)).to_have_attribute("data-dashboards-live", "open")
    site.push_to("Arranged", number=7)
    number = page.locator(f"{ARRANGED}-number-content .dashboards-stat-text")
    await expect(number).to_have_text("7")
    assert not loads
    await tabs.nth(0).focus()
    for key, index in (("ArrowRight", 1), ("End", 2), ("ArrowRight", 0), ("ArrowLeft", 2)):
        await page.keyboard.press(key)
        await expect(tabs.nth(index)).to_be_focused()
        await expect(tabs.nth(index)).to_have_attribute("aria-selected", "true")
        await expect(panels.nth(index)).to_be_visible()
        await expect(page.get_by_role("tabpanel")).to_have_count(1)
    # A chart drawn while hidden has the size of its box.
    plot = page.locator(f"{ARRANGED}-chart-content .main-svg").first
    await expect(plot).to_be_visible()
    box = await page.locator(f"{ARRANGED}-chart-content").bounding_box()
    assert box is not None
    await page.wait_for_function(
        "width => Math.abs(document.querySelector('.main-svg').clientWidth - width) < 3",
        arg=box["width"],
    )
    await expect(page.locator(".of-mine #site_arranged-chart-content")).to_be_visible()
    await page.keyboard.press("Home")
    await expect(panels.nth(0)).to_be_visible()
    # In right-to-left text the arrow keys are reversed.
    await page.evaluate("document.documentElement.dir = 'rtl'")
    for key, index in (("ArrowLeft", 1), ("ArrowRight", 0), ("ArrowRight", 2)):
        await page.keyboard.press(key)
        await expect(panels.nth(index)).to_be_visible()
    await page.evaluate("document.documentElement.dir = ''")
    await tabs.nth(0).evaluate("tab => tab.focus()")
    await expect(panels.nth(2)).to_be_visible()
    await page.keyboard.press("Space")
    await expect(panels.nth(0)).to_be_visible()
    await tabs.nth(1).click()
    await expect(page.locator(f"{ARRANGED}-late-content")).to_have_text("arrived late")
    assert len({each.url for each in loads}) == 1
    assert page.url.endswith("#site_arranged--numbers")
    await page.reload()
    await expect(panels.nth(1)).to_be_visible()
    await expect(panels.nth(0)).to_be_hidden()
    await page.evaluate("location.hash = '#site_arranged--open'")
    await expect(panels.nth(0)).to_be_visible()
    await page.evaluate("location.hash = '#%FF'")
    await expect(panels.nth(0)).to_be_visible()
    await page.get_by_role("link", name="Leave <all>").click()
    await expect(page).to_have_url(f"{site.url}/site/quiet/")


async def test_open_panels_of_several_containers_survive_reload(site: Site, page: Page):
    """Regression: the URL named one panel only, so that opening another closed it on the next
    load."""
    await page.goto(f"{site.url}/site/tabbed/")
    selected = page.locator("[aria-selected=true]")
    for name in ("B", "D", "F", "C"):
        await page.get_by_role("tab", name=name).click()
    for _ in range(2):
        await expect(selected).to_have_text(["B", "C", "F"])
        await page.reload()
    await page.get_by_role("tab", name="D").click()
    await expect(page.get_by_role("tab", name="F")).to_be_visible()


async def test_all_panels_shown_without_scripts(site: Site, browser: Browser):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{site.url}/site/arranged/")
    for panel in await page.locator(".dashboards-tab-panel").all():
        await expect(panel).to_be_visible()
    await expect(page.get_by_text("Charts")).to_have_count(2)
    await context.close()


async def test_restricted_component_is_live_with_permission(site: Site, page: Page):
    await page.add_init_script(NOTE_SHIFTS)
    await page.goto(f"{site.url}/site/mixed/")
    await expect(page.locator("#site_mixed")).to_have_attribute("data-dashboards-live", "open")
    # The tools of the header appear one after another: each moved the whole page.
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert await page.evaluate("window.shifted") < 0.015
    site.push_to("Mixed", secret="told", open="to all")
    await expect(page.locator("#site_mixed-open-content")).to_have_text("to all")
    assert "told" not in await page.content()
    await expect(page.locator("#site_mixed-secret, #site_mixed-wages")).to_have_count(0)
    await page.context.request.get(f"{site.url}/login/admin/")
    await page.goto(f"{site.url}/site/mixed/")
    await expect(page.locator("#site_mixed")).to_have_attribute("data-dashboards-live", "open")
    wages = page.locator("#site_mixed-wages-content")
    before = await wages.inner_text()
    await expect(wages).not_to_have_text(before)
    await expect(page.locator("#site_mixed-secret-content")).to_have_text("told")
    site.push_to("Mixed", secret="told more")
    await expect(page.locator("#site_mixed-secret-content")).to_have_text("told more")


async def test_filters_kept_in_url_and_live_components_filtered(site: Site, page: Page):
    await page.goto(f"{site.url}/site/filtered/")
    await page.get_by_label("Word").fill("ab")
    await page.get_by_label("Year").select_option("2023")
    await page.get_by_label("Since").fill("2024-02-29")
    await page.get_by_role("button", name="Apply").click()
    await page.wait_for_url("**/site/filtered/?year=2023&since=2024-02-29&until=&word=ab&group=")
    await page.reload()
    await expect(page.locator("#site_filtered")).to_have_attribute("data-dashboards-live", "open")
    await expect(page.get_by_label("Word")).to_have_value("ab")
    for key in ("now", "late", "polled", "computed"):
        box = page.locator(f"#site_filtered-{key}-content")
        await expect(box).to_contain_text("2023 2024-02-29 [ab]")
        if key in {"polled", "computed"}:
            before = await box.inner_text()
            await expect(box).not_to_have_text(before)
            await expect(box).to_contain_text("2023 2024-02-29 [ab]")
    site.push_to("Filtered", pushed="for all")
    await expect(page.locator("#site_filtered-pushed-content")).to_have_text("for all")
    await page.get_by_role("link", name="Reset").click()
    await expect(page.locator("#site_filtered-now-content")).to_contain_text("2024 None []")

    # A FilterSet of django-filter, whose dates are a range.
    site.execute(
        "from tests.books.models import Book\n"
        "for n in (1, 2): Book.objects.create(title=f'B{n}', published=f'2024-0{n}-09')"
    )
    await page.goto(f"{site.url}/books/catalogue/")
    rows = page.locator("#books_catalogue-books tbody tr")
    await expect(rows).to_have_count(2)
    await page.locator("[name=published_after]").fill("2024-02-01")
    await page.get_by_role("button", name="Apply").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("B2")


async def test_push_to_object_updates_its_page_only(
    site: Site, page: Page, context: BrowserContext
):
    site.execute(
        "from django.contrib.auth.models import Group\n"
        "for pk in (1, 2): Group.objects.create(pk=pk, name=f'g{pk}')"
    )
    pages = {1: page, 2: await context.new_page()}
    for pk, each in pages.items():
        await each.goto(f"{site.url}/site/groupboard/{pk}/")
        board = each.locator(f"#site_groupboard-{pk}")
        await expect(board).to_have_attribute("data-dashboards-live", "open")
        await expect(each.locator(f"#site_groupboard-{pk}-later-content")).to_have_text(
            f"group g{pk}"
        )
    for pk in pages:
        site.push_to("GroupBoard", **{"@object": pk}, note=f"only g{pk}")
    for pk, each in pages.items():
        note = each.locator(f"#site_groupboard-{pk}-note-content")
        await expect(note).to_have_text(f"only g{pk}")
        assert f"only g{3 - pk}" not in await each.content()


async def test_components_added_by_instance_are_live_and_deferred(site: Site, page: Page):
    await page.goto(f"{site.url}/site/dynamic/")
    await expect(page.locator("#site_dynamic")).to_have_attribute("data-dashboards-live", "open")
    box = "#site_dynamic-{}-content"
    await expect(page.locator(box.format("later"))).to_have_text("added and deferred")
    site.push_to("Dynamic", dynamic_1="pushed to it")
    await expect(page.locator(box.format("dynamic_1"))).to_have_text("pushed to it")
    await expect(page.locator(box.format("dynamic_2"))).to_have_text("added 2")


async def test_twenty_deferred_components_load_in_three_requests(site: Site, page: Page):
    """Also where the script loads late: htmx had started by then, with a request for each
    component."""

    async def late(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    await page.route("**/deferred.js", late)
    await page.set_viewport_size({"width": 1400, "height": 1000})
    requests: list[str] = []
    page.on(
        "request", lambda each: requests.append(each.url) if "/static/" not in each.url else None
    )
    await page.goto(f"{site.url}/site/deferred/")
    for number in range(20):
        await expect(page.locator(f"#site_deferred-later_{number}-content")).to_have_text(
            f"value {number}."
        )
    own = [url for url in requests if "/static/" not in url]
    assert len(own) <= 3, own


async def test_slow_or_failing_component_does_not_delay_others(site: Site, page: Page):
    await page.goto(f"{site.url}/site/uneven/?q=x")
    box = "#site_uneven-{}-content"
    await expect(page.locator(box.format("first"))).to_have_text("first x")
    await expect(page.locator(box.format("last"))).to_have_text("last")
    await expect(page.locator("#site_uneven-failing-state")).to_contain_text("Could not be loaded.")
    await expect(page.locator(box.format("waiting"))).to_have_text("waited")
    await expect(page.locator(box.format("slow"))).to_have_text("slow")
    polled = page.locator(box.format("polled"))
    await expect(polled).to_contain_text("polled")
    before = await polled.inner_text()
    await expect(polled).not_to_have_text(before)


@pytest.mark.parametrize("server", ["uvicorn", "gunicorn"])
async def test_async_values_awaited_concurrently_on_any_server(make_site: MakeSite, server: str):
    site = make_site(server)
    status, _, html = site.get("/site/awaited/")
    assert status == 200
    waits = re.findall(r"waited for \S+ from ([\d.]+) to ([\d.]+)", html)
    assert len(waits) == 4
    began, ended = ([float(each) for each in times] for times in zip(*waits, strict=True))
    assert max(began) < min(ended), "each began before the first ended"


@pytest.mark.parametrize("address", ["embedded", "embedded-jinja"])
async def test_two_dashboards_on_one_page_are_live(site: Site, page: Page, address: str):
    await page.goto(f"{site.url}/{address}/")
    for name in ("live", "quiet"):
        board = page.locator(f"#site_{name}")
        await expect(board).to_have_attribute("data-dashboards-live", "open")
    site.push(number=7, chart={"data": [], "layout": {}})
    site.push_to("Quiet", silence="broken")
    site.push_to("Mixed", open="for all")
    await expect(page.locator("#site_live-number-content")).to_have_text("7")
    await expect(page.locator("#site_quiet-silence-content")).to_have_text("broken")
    await expect(page.locator("#site_mixed-open-content")).to_have_text("for all")
    await expect(page.locator("#site_live-chart-content .main-svg").first).to_be_attached()
