"""The age of values, a way to try again, and what title and icon tell, in a real browser."""

import asyncio
import re
from time import time

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.harness import Site

DASH = " \N{EN DASH} "

pytestmark = pytest.mark.asyncio(loop_scope="session")

# The clock of the browser is three hours slow: an age is not the difference to it.
WRONG_CLOCK = "const now = Date.now; Date.now = () => now() - 10_800_000;"

FAILED = (
    '<span class="dashboards-is-failed" data-dashboards-retry="/site/aging/">'
    "Failed since noon</span>"
)


def box(page: Page, key: str) -> Locator:
    return page.locator(f"#site_aging-{key}")


async def open_aging(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/site/aging/")
    await expect(page.locator("#site_aging")).to_have_attribute("data-dashboards-live", "open")


def put_state(site: Site, key: str, html: str) -> None:
    site.execute(
        "from dashboards.live.stores import get_store; "
        "from tests.site.dashboards import Aging; "
        f"get_store().put(Aging().channel, {{{f'{key}:state'!r}: {html!r}}})"
    )


async def write_carelessly(route: Route) -> None:
    """Answer with a page whose language and zone no browser knows."""
    response = await route.fetch()
    html = (await response.text()).replace('lang="en-us"', 'lang="en_US"')
    html = html.replace('timezone="America/Chicago"', 'timezone="Nowhere/Land"')
    await route.fulfill(response=response, body=html)


async def test_old_value_shows_its_own_age_whatever_the_clock_and_the_page(site: Site, page: Page):
    """Regression: with a zone or language that the browser does not know, no stream stayed open."""
    await page.route("**/site/aging/", write_carelessly)
    await page.add_init_script(WRONG_CLOCK)
    site.push_to("Aging", pushed=1, lasting=1, points={"x": 1, "y": 1})
    await open_aging(page, site)
    contents = [box(page, key).locator("> [data-dashboards-at]") for key in ("pushed", "points")]
    ats = [await each.get_attribute("data-dashboards-at") or "" for each in contents]
    age = box(page, "pushed").locator(".dashboards-age")
    before = await box(page, "pushed").bounding_box()
    await expect(age).to_have_text(re.compile(r"^[2-9]s ago$"))
    assert await box(page, "pushed").bounding_box() == before, "nothing moves"
    assert await age.evaluate("age => age.closest('[aria-live]')") is None, "read on request only"
    first = int((await age.inner_text()).partition("s")[0])

    # The age is that of the value, or of the newest point: the page is new, and says as much.
    await open_aging(page, site)
    await expect(age).to_have_text(re.compile(r"^\d+s ago$"))
    assert int((await age.inner_text()).partition("s")[0]) >= first
    for each, at in zip(contents, ats, strict=True):
        await expect(each).to_have_attribute("data-dashboards-at", at)

    # Regression: a point had no time, so that its age counted from its way to the page.
    site.push_to("Aging", pushed=2, points={"x": 2, "y": 2})
    await expect(box(page, "pushed").locator(".dashboards-component-content")).to_have_text("2")
    for each, at in zip(contents, ats, strict=True):
        await expect(each).not_to_have_attribute("data-dashboards-at", at)
        assert float(await each.get_attribute("data-dashboards-at") or 0) < time() + 1
    await expect(age).to_have_count(0)
    await expect(box(page, "lasting").locator(".dashboards-age")).to_have_count(0)

    # Of a page without a network all values get old: the header tells it once. No value is old
    # before the page has noticed, however long that takes.
    await page.evaluate("window.dashboards.page.startedAt -= 60")
    await page.context.set_offline(True)
    await expect(page.get_by_text("No news since").first).to_be_visible()
    await page.evaluate("window.dashboards.page.startedAt += 120; document.title = 'Mine'")
    await expect(page).to_have_title(f"⚠ Reconnecting{DASH}Mine")  # A second has passed.
    await expect(age).to_have_count(0)
    await page.context.set_offline(False)
    await expect(age).to_have_text(re.compile("ago$"))
    page.complaints.clear()  # type: ignore[attr-defined]


async def test_failed_live_value_shows_time_of_last_value_and_is_tried_again(
    site: Site, page: Page
):
    """A value that a stream brings had no button: the next try was up to its interval away."""
    site.push_to("Aging", pushed=1)
    await open_aging(page, site)
    state = page.locator("#site_aging-sensor-state")
    button = state.get_by_role("button", name="Try again Sensor")
    await expect(state).to_contain_text("Failed since")

    put_state(site, "pushed", FAILED)
    failed = page.locator("#site_aging-pushed-state")
    await expect(failed).to_contain_text(re.compile(r"noon *last value \d+:\d\d:\d\d"))
    await expect(box(page, "pushed").locator(".dashboards-age")).to_have_count(0)
    await page.reload()
    await expect(failed).to_contain_text(re.compile(r"noon *last value \d+:\d\d:\d\d"))

    site.execute(
        "from django.contrib.auth.models import User; User.objects.create(username='repaired')"
    )
    # A failure is computed again at most every two seconds, whoever presses.
    content = page.locator("#site_aging-sensor-content")
    while await content.inner_text() != "21 °C":
        await button.focus()
        async with page.expect_response("**/@component/sensor/"):
            await page.keyboard.press("Enter")
    await expect(state).to_have_text("")
    await expect(content).to_be_focused()


async def test_title_and_icon_tell_what_is_wrong_and_are_restored(site: Site, page: Page):
    site.execute(
        "from django.contrib.auth.models import User; User.objects.create(username='repaired')"
    )
    site.push_to("Aging", pushed=1)
    await open_aging(page, site)
    icon = page.locator("link[rel=icon]")
    await expect(page).to_have_title("Aging")
    good = await icon.get_attribute("href")

    put_state(site, "pushed", FAILED)
    await expect(page).to_have_title(f"⚠ 1 failed{DASH}Aging")
    assert (await icon.get_attribute("href") or "").endswith("icon-alert.svg")
    await page.evaluate("document.title = 'Mine'")
    await expect(page).to_have_title(f"⚠ 1 failed{DASH}Mine")
    await page.evaluate("document.title = `(3) ${document.title}`")
    await expect(page).to_have_title(f"⚠ 1 failed{DASH}(3) Mine")

    await page.context.set_offline(True)
    await expect(page).to_have_title(f"⚠ Reconnecting{DASH}(3) Mine")
    site.push_to("Aging", pushed=2)
    await page.context.set_offline(False)
    await expect(page).to_have_title("(3) Mine")
    assert await icon.get_attribute("href") == good
    await expect(page.locator(".dashboards-live-time")).to_have_text(re.compile(r"\d:\d\d:\d\d"))

    hide = "Object.defineProperty(document, 'hidden', {configurable: true, value: %s});"
    shown = "document.dispatchEvent(new Event('visibilitychange'))"
    await page.evaluate(hide % "true" + shown)
    await expect(page).to_have_title(f"⏸ Paused{DASH}(3) Mine")
    await page.evaluate(hide % "false" + shown)
    await expect(page).to_have_title("(3) Mine")
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused connections


async def test_title_of_page_with_several_dashboards_is_restored(site: Site, page: Page):
    await page.goto(f"{site.url}/embedded/")
    await expect(page.locator("[data-dashboards-live=open]").first).to_be_attached()
    title = await page.title()
    await page.context.set_offline(True)
    await expect(page).to_have_title(f"⚠ Reconnecting{DASH}{title}")
    await page.context.set_offline(False)
    await expect(page).to_have_title(title)
    page.complaints.clear()  # type: ignore[attr-defined]


async def test_loading_box_has_shape_and_size_of_its_value_and_one_text(site: Site, page: Page):
    may_load = asyncio.Event()

    async def load(route: Route) -> None:
        await may_load.wait()
        await route.continue_()

    await page.route(re.compile("@components?/"), load)
    await page.emulate_media(reduced_motion="no-preference")
    await page.goto(f"{site.url}/site/later/")
    content = page.locator("#site_later-deferred-content")
    shape = "content => { const { animationName, height } = getComputedStyle(content, '::before');"
    await expect(page.locator("#site_later-deferred-state")).to_have_text("Loading…")
    height = await content.evaluate(f"{shape} return parseFloat(height); }}")
    assert await content.evaluate(
        f"{shape} return [animationName, parseFloat(height) > 20]; }}"
    ) == [
        "dashboards-loads",
        True,
    ]
    await page.emulate_media(reduced_motion="reduce")
    assert await content.evaluate(f"{shape} return animationName; }}") == "none"

    may_load.set()
    await expect(content).to_have_text("arrived")
    await expect(page.locator("#site_later-deferred-state")).to_have_text("")
    arrived = content.locator(".dashboards-stat")
    assert abs(await arrived.evaluate("stat => stat.offsetHeight") - height) < 2


async def test_times_are_in_the_zone_of_a_page_with_a_fixed_offset(site: Site, page: Page):
    """Django writes such a zone as +0530, which no browser knows: times were those of the
    viewer's clock."""

    async def move(route: Route) -> None:
        response = await route.fetch()
        zone = 'data-dashboards-timezone="+0530"'
        body = re.sub('data-dashboards-timezone="[^"]+"', zone, await response.text())
        await route.fulfill(response=response, body=body)

    await page.route("**/site/aging/", move)
    await open_aging(page, site)
    assert "5:30:00" in await page.evaluate("window.dashboards.page.showTime(0)")
