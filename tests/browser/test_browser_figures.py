"""Figures, gauges, progress and prose, which pushes update in the open page."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from tests.chromium import open_checked
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def site(_site: Site) -> Site:
    """The test site, as new for the first test of this module."""
    _site.renew()
    return _site


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(site: Site, browser: Browser) -> AsyncIterator[Page]:
    """The open page of all tests of this module. Each test pushes to boxes of its own.

    The policy of the page is strict, and a refusal is an error.
    """
    site.execute(
        "from django.contrib.auth.models import Group\n"
        "for name in 'ab': Group.objects.create(name=name)"
    )
    context = await browser.new_context()
    async with open_checked(context) as page:
        await page.goto(f"{site.url}/site/figures/")
        await expect(page.locator("#site_figures")).to_have_attribute(
            "data-dashboards-live", "open"
        )
        yield page
    await context.close()


def box(page: Page, key: str) -> Locator:
    return page.locator(f"#site_figures-{key}-content")


async def test_stat_shows_its_link_course_and_count(page: Page):
    link = page.get_by_role("link", name="Orders: 1,234,567")
    await expect(link).to_have_attribute("href", "/site/drawn/")
    course = page.get_by_role("img", name="Course: from 3 to 12, lowest 3, highest 12")
    await expect(course).to_be_visible()
    await expect(box(page, "groups")).to_have_text(re.compile(r"^\s*2\s*groups\s*$"))


async def test_pushed_stat_shows_its_trend_and_keeps_its_sparkline(site: Site, page: Page):
    errors = box(page, "errors")
    site.push_to("Figures", errors={"text": 88.25, "change": 3.5, "sparkline": [1, 2]})
    await expect(errors).to_contain_text("Up, worse: 3.5")
    sparkline = await errors.locator(".dashboards-sparkline").element_handle()

    site.push_to("Figures", errors={"text": 80, "change": -8, "sparkline": [1, 2, 3]})

    await expect(errors).to_contain_text("Down, better: 8")
    assert await sparkline.evaluate("svg => svg.isConnected")


async def test_pushed_gauge_shows_the_level_of_its_value(site: Site, page: Page):
    meter = page.get_by_role("meter")
    await expect(meter).to_have_attribute("aria-valuetext", "71 °C, Getting hot")

    site.push_to("Figures", boiler=95)
    await expect(meter).to_have_attribute("aria-valuetext", "95 °C, Critical")

    site.push_to("Figures", boiler=20)
    await expect(meter).to_have_attribute("aria-valuetext", "20 °C, Good")


async def test_pushed_progress_shows_its_step_and_state_and_keeps_its_bar(site: Site, page: Page):
    job = box(page, "job")
    site.push_to("Figures", job={"value": None, "steps": [], "step": "Resize", "estimate": 75})
    await expect(job.locator("[aria-current=step]")).to_contain_text("Resize")
    await expect(job).to_contain_text("about 1\xa0minute left")
    bar = await job.get_by_role("progressbar").element_handle()
    assert abs(await bar.evaluate("bar => bar.position") - 1 / 3) < 0.001

    site.push_to("Figures", job={"state": "failed", "step": "Write", "text": "Disk is full"})
    await expect(job.get_by_role("status")).to_have_text("✕ Failed")
    assert await bar.evaluate("bar => bar.isConnected")

    site.push_to("Figures", job={"state": "waiting"})
    await expect(job.get_by_role("status")).to_have_text("○ Waiting")


async def test_pushed_html_is_shown_without_its_scripts(site: Site, page: Page):
    html = '<b>Bold</b><script>x()</script><img src="data:,x" onerror="x()">'

    site.push_to("Figures", notice=html)

    notice = box(page, "notice")
    await expect(notice.locator("b")).to_have_text("Bold")
    await expect(notice.locator("script, [onerror]")).to_have_count(0)
