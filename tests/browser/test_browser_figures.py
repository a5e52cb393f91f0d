"""Figures, gauges and progress updated in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

BOX = "#site_figures-{}-content"


async def test_figures_and_progress_updated_in_place(site: Site, page: Page):
    """The page's policy is strict, and a refusal fails the test."""
    site.execute(
        "from django.contrib.auth.models import Group\n"
        "for name in 'ab': Group.objects.create(name=name)"
    )
    await page.goto(f"{site.url}/site/figures/")
    await expect(page.locator("#site_figures")).to_have_attribute("data-dashboards-live", "open")
    link = page.get_by_role("link", name="Orders: 1,234,567")
    await expect(link).to_have_attribute("href", "/site/drawn/")
    course = page.get_by_role("img", name="Course: from 3 to 12, lowest 3, highest 12")
    await expect(course).to_be_visible()
    await expect(page.locator(BOX.format("groups"))).to_have_text(re.compile(r"^\s*2\s*groups\s*$"))
    meter = page.get_by_role("meter")
    await expect(meter).to_have_attribute("aria-valuetext", "71 °C, Getting hot")

    errors, job = page.locator(BOX.format("errors")), page.locator(BOX.format("job"))
    bar = job.get_by_role("progressbar")
    site.push_to(
        "Figures",
        errors={"text": 88.25, "change": 3.5, "sparkline": [1, 2]},
        job={"value": None, "steps": [], "step": "Resize", "estimate": 75},
        boiler=95,
        notice='<b>Bold</b><script>x()</script><img src="data:,x" onerror="x()">',
    )
    await expect(errors).to_contain_text("Up, worse: 3.5")
    await expect(meter).to_have_attribute("aria-valuetext", "95 °C, Critical")
    notice = page.locator(BOX.format("notice"))
    await expect(notice.locator("b")).to_have_text("Bold")
    await expect(notice.locator("script, [onerror]")).to_have_count(0)
    await expect(job.locator("[aria-current=step]")).to_contain_text("Resize")
    await expect(job).to_contain_text("about 1\xa0minute left")
    assert abs(await bar.evaluate("bar => bar.position") - 1 / 3) < 0.001
    await errors.locator("svg").evaluate("svg => { window.kept = svg }")
    await bar.evaluate("bar => { window.bar = bar }")

    site.push_to(
        "Figures",
        errors={"text": 80, "change": -8, "sparkline": [1, 2, 3]},
        job={"state": "failed", "step": "Write", "text": "Disk is full"},
    )
    await expect(errors).to_contain_text("Down, better: 8")
    await expect(job.get_by_role("status")).to_have_text("✕ Failed")
    assert await page.evaluate("window.kept.isConnected && window.bar.isConnected")
    site.push_to("Figures", job={"state": "waiting"}, boiler=20)
    await expect(job.get_by_role("status")).to_have_text("○ Waiting")
    await expect(meter).to_have_attribute("aria-valuetext", "20 °C, Good")
