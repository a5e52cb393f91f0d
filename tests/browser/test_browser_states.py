"""States of values (failed, stale, loading) in a real browser."""

import asyncio
import json
import re

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

FAILED = "Could not be loaded."
SINCE = (
    '<span class="dashboards-is-failed">'
    'Failed since <time datetime="2026-02-02T02:40:00Z">noon</time></span>'
)


def state(page: Page, key: str) -> Locator:
    return page.locator(f"#site_failing-{key}-state")


def content(page: Page, key: str) -> Locator:
    return page.locator(f"#site_failing-{key}-content")


async def open_failing(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/site/failing/")
    await expect(page.locator("#site_failing")).to_have_attribute("data-dashboards-live", "open")


def repair(site: Site) -> None:
    site.execute(
        "from django.contrib.auth.models import User; User.objects.create(username='repaired')"
    )


def put(site: Site, **frames: str) -> None:
    site.execute(
        "from dashboards.live.stores import get_store; "
        "from tests.site.dashboards import Failing; "
        f"get_store().put(Failing().channel, {frames!r})"
    )


def put_state(site: Site, key: str, html: str) -> None:
    put(site, **{f"{key}:state": html})


async def test_failed_state_of_live_value_shown_and_removed_by_stream(site: Site, page: Page):
    """Regression: a live value that failed looked like a good one. Its box shows since when it
    failed and keeps the value; the state is removed with the next value."""
    await open_failing(page, site)
    await expect(state(page, "number")).to_have_text("Waiting for the first value…")
    await expect(state(page, "number")).to_have_attribute("aria-live", "polite")
    await expect(page.get_by_role("note", name="Pushed")).to_have_text(
        "Waiting for the first value…"
    )

    site.push_to("Failing", number=7)
    await expect(content(page, "number")).to_have_text("7")
    await expect(state(page, "number")).to_have_text("")

    put_state(site, "number", SINCE)
    await expect(state(page, "number")).to_have_text("Failed since noon")
    await expect(content(page, "number")).to_have_text("7")
    await expect(content(page, "number")).to_have_css("filter", "grayscale(1)")

    await page.reload()
    await expect(state(page, "number")).to_have_text("Failed since noon")

    site.push_to("Failing", number=8)
    await expect(content(page, "number")).to_have_text("8")
    await expect(state(page, "number")).to_have_text("")


async def test_points_remove_failed_state_of_series(site: Site, page: Page):
    await open_failing(page, site)
    put_state(site, "series", '<span class="dashboards-is-late">Late</span>')
    await expect(state(page, "series")).to_have_text("Late")

    site.push_to("Failing", series={"x": 1, "y": 1})

    await expect(state(page, "series")).to_have_text("")


async def test_failed_deferred_value_retried_by_keyboard(site: Site, page: Page):
    """Regression: the box said "Could not be loaded." without a way to try again. Now there is a
    button that works by keyboard and leaves the focus where it was."""
    await open_failing(page, site)
    await expect(content(page, "other")).to_have_text("good")
    box = state(page, "deferred")
    button = box.get_by_role("button", name="Try again Deferred")
    await expect(box).to_contain_text(FAILED)
    await button.focus()

    async with page.expect_response("**/@component/deferred/") as response:
        await page.keyboard.press("Enter")
    assert (await response.value).status == 204
    await expect(button).to_be_focused()

    repair(site)
    await page.keyboard.press("Enter")
    await expect(content(page, "deferred")).to_have_text("21 °C")
    await expect(box).to_have_text("")
    await expect(content(page, "deferred")).to_be_focused()


async def test_failed_value_retried_automatically(site: Site, page: Page):
    """The page tries again without the button, after pauses that grow."""
    await open_failing(page, site)
    await expect(state(page, "deferred")).to_contain_text(FAILED)
    await expect(state(page, "polled")).to_contain_text(FAILED)
    await expect(state(page, "plain")).to_have_text(FAILED)

    repair(site)

    await expect(content(page, "deferred")).to_have_text("21 °C")
    await expect(content(page, "polled")).to_have_text("21 °C")
    await expect(state(page, "polled")).to_have_text("")


async def test_retry_pauses_grow_and_stop_while_page_is_hidden(site: Site, page: Page):
    await page.clock.install()
    await page.add_init_script("Math.random = () => 0.5")  # No jitter.
    requested_urls: list[str] = []
    page.on(
        "request",
        lambda each: requested_urls.append(each.url) if "/deferred/" in each.url else None,
    )
    await page.goto(f"{site.url}/site/failing/")
    box = state(page, "deferred")
    # The page's timers run once its answers have come.
    while not await box.get_by_role("button").is_visible():
        await page.clock.run_for(10)
        await asyncio.sleep(0.05)

    for pause in (2_000, 4_000, 8_000):
        before = len(requested_urls)
        # The page's clock also runs by itself: a busy machine may take a second of it.
        await page.clock.run_for(pause // 2)
        assert len(requested_urls) == before, pause
        async with page.expect_response("**/@component/deferred/"):
            await page.clock.run_for(pause // 2 + 100)

    hide = "Object.defineProperty(document, 'hidden', {configurable: true, value: %s});"
    await page.evaluate(hide % "true")
    before = len(requested_urls)
    await page.clock.run_for(120_000)
    assert len(requested_urls) == before
    async with page.expect_response("**/@component/deferred/"):
        await page.evaluate(
            hide % "false" + "document.dispatchEvent(new Event('visibilitychange'))"
        )
    # The fast clock made htmx's request time-out of a minute expire.
    page.complaints.clear()  # type: ignore[attr-defined]


async def test_network_error_shown_in_box_and_recovers(site: Site, page: Page):
    """Alone and in a batch. No answer arrives, so the text is the page's own."""
    repair(site)
    site.push_to("Failing", number=1)

    async def refuse(route: Route) -> None:
        await route.fulfill(status=502, body="<h1>Bad gateway</h1>")

    await page.route(re.compile("@components?/"), refuse)
    await open_failing(page, site)
    for key in ("deferred", "other"):
        await expect(state(page, key)).to_contain_text(FAILED)
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs each 502

    await page.unroute_all()
    await state(page, "deferred").get_by_role("button").click()
    await expect(content(page, "deferred")).to_have_text("21 °C")
    await expect(content(page, "other")).to_have_text("good")
    await expect(state(page, "other")).to_have_text("")
    page.complaints.clear()  # type: ignore[attr-defined]


async def test_failed_load_of_value_per_viewer_shown(site: Site, page: Page):
    """Regression: a page that loads its own value got an error, and showed the old value as a good
    one."""
    repair(site)
    await open_failing(page, site)
    await expect(content(page, "own")).to_have_text("21 °C")

    site.execute("from django.contrib.auth.models import User; User.objects.all().delete()")
    put(site, own="a mark")
    await expect(state(page, "own")).to_contain_text(FAILED)
    await expect(content(page, "own")).to_have_text("21 °C")

    repair(site)
    await expect(state(page, "own")).to_have_text("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
async def test_states_have_contrast_and_fit_their_box(
    site: Site, page: Page, scheme: str, width: int
):
    """The contrast of the words is 4.5 to 1 at least, and they stay within the box."""
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    await page.set_viewport_size({"width": width, "height": 900})
    site.push_to("Failing", number=7)
    put_state(site, "number", SINCE)
    put_state(site, "series", '<span class="dashboards-is-late">Late since noon</span>')
    await open_failing(page, site)
    await expect(state(page, "deferred").get_by_role("button")).to_be_visible()
    boxes = await page.evaluate(
        """() => [...document.querySelectorAll(".dashboards-state > *")].map(each => {
            const canvas = document.createElement("canvas").getContext("2d");
            const luminance = (color) => {
                canvas.fillStyle = color;
                canvas.fillRect(0, 0, 1, 1);
                const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(value => {
                    const part = value / 255;
                    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const box = each.closest("section");
            const [one, other] = [
                luminance(getComputedStyle(each).color),
                luminance(getComputedStyle(box).backgroundColor),
            ].sort((a, b) => a - b);
            const [inner, outer] = [each.getBoundingClientRect(), box.getBoundingClientRect()];
            return {
                text: each.textContent,
                contrast: (other + 0.05) / (one + 0.05),
                fits: inner.left >= outer.left && inner.right <= outer.right,
            };
        })"""
    )

    assert len(boxes) >= 6
    assert all(each["contrast"] >= 4.5 and each["fits"] for each in boxes), json.dumps(
        boxes, indent=1
    )
