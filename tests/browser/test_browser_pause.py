"""Pause: the picture stands still, and nothing that comes meanwhile is lost."""

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

DASH = " \N{EN DASH} "

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = "#site_aging"
# A heartbeat, and a point that was received before the connection was cut.
UNCOUNTED = """root => {
  const stream = document.querySelector(root);
  const type = "application/json";
  const point = `<script type="${type}" data-dashboards-point="3">[{"x":3,"y":3}]</script>`;
  dashboards.receive(stream, "dashboards:heartbeat", "", false);
  dashboards.receive(stream, "points:append", point, false);
}"""


def content(key: str) -> str:
    return f"{ROOT}-{key}-content"


async def read_points(page: Page) -> list[str]:
    points = page.locator(f"{content('points')} > script[data-dashboards-point]")
    return [await each.inner_text() for each in await points.all()]


async def test_paused_picture_stays_and_loses_nothing_by_cut_or_restart(site: Site, page: Page):
    """Regression: behind Pushpin, whose heartbeats are events, one box more was counted."""
    site.execute(
        "from django.contrib.auth.models import User; User.objects.create(username='repaired')"
    )
    site.push_to("Aging", pushed=1, lasting=1, points=[[{"x": 1, "y": 1}], [{"x": 2, "y": 2}]])
    await page.goto(f"{site.url}/site/aging/")
    await expect(page.locator(ROOT)).to_have_attribute("data-dashboards-live", "open")
    pushed, waiting = page.locator(content("pushed")), page.locator("[data-dashboards-waiting]")
    button = page.get_by_role("button", name="Pause")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(page).to_have_title(f"⏸ Paused{DASH}Aging")
    polled = await page.locator(content("polled")).inner_text()

    # Two updates of a box count once.
    site.push_to("Aging", pushed=2)
    site.push_to("Aging", pushed=3, points=[[{"x": 3, "y": 3}], [{"x": 4, "y": 4}]])
    await expect(waiting).to_have_text("2")

    # The network is cut, the server restarts; the values are newer after each. The new server
    # holds no streams: the page polls.
    await page.context.set_offline(True)
    await expect(page).to_have_title(f"⚠ Reconnecting{DASH}Aging")
    site.push_to("Aging", lasting=4)
    await page.context.set_offline(False)
    await expect(waiting).to_have_text("3")
    site.kill()
    site.push_to("Aging", pushed=5)
    site.server = "runserver"
    site.start()
    await expect(page.locator(ROOT)).to_have_attribute("data-dashboards-live", "open")
    site.push_to("Aging", points={"x": 5, "y": 5}, lasting=6)
    await page.evaluate(UNCOUNTED, ROOT)
    await expect(waiting).to_have_text("3")

    # What the viewer asks for is answered.
    await page.get_by_label("Word").fill("still")
    await page.keyboard.press("Enter")
    await expect(page.locator(content("shown"))).to_have_text("the word is still")

    await expect(pushed).to_have_text("1")
    await expect(page.locator(content("lasting"))).to_have_text("1")
    assert await page.locator(content("polled")).inner_text() == polled
    assert len(await read_points(page)) == 2

    await button.click()
    await expect(pushed).to_have_text("5")
    await expect(page.locator(content("lasting"))).to_have_text("6")
    assert await read_points(page) == ['[{"x":3,"y":3}]', '[{"x":4,"y":4}]', '[{"x":5,"y":5}]']
    await expect(page.locator(content("polled"))).not_to_have_text(polled)
    await expect(page).to_have_title("Aging")

    # A reload while paused shows the newest, for its position is that of the new page.
    await button.click()
    site.push_to("Aging", pushed=7)
    await expect(waiting).to_have_text("1")
    await page.reload()
    await expect(pushed).to_have_text("7")
    site.push_to("Aging", pushed=8)
    await expect(pushed).to_have_text("8")
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused connections
