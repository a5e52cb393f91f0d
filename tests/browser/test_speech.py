"""Changes read aloud: what is written for a screen reader, and how often."""

import pytest
from playwright.async_api import Page, expect

from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Of speech/reader.js, in milliseconds.
PAUSE = 20_000


async def test_switch_that_is_on_reads_changed_figures_with_their_names_once_in_20_seconds(
    site: Site, page: Page
):
    loaded: list[str] = []
    page.on("request", lambda each: loaded.append(each.url) if "reader" in each.url else None)
    await page.clock.install()
    await page.goto(f"{site.url}/site/figures/")
    switch = page.get_by_role("switch", name="Read changes aloud")
    summary = page.locator(".dashboards-speech + [role=status]")
    errors = page.locator("#site_figures-errors-content")
    boiler = page.locator("#site_figures-boiler-content")

    await expect(switch).not_to_be_checked()
    assert loaded == []
    await switch.press("Space")
    await expect(switch).to_be_checked()
    # The browser keeps it. Its script is loaded before the page is ready.
    await page.reload()
    await expect(switch).to_be_checked()
    assert len(loaded) == 2

    for number in (11, 12):
        site.push_to("Figures", errors=number)
        await expect(errors).to_contain_text(str(number))
    site.push_to("Figures", boiler=75)
    await expect(boiler).to_contain_text("75")
    await expect(summary).to_be_empty()
    await page.clock.run_for(PAUSE)
    # The newest value only, in the order of the page.
    await expect(summary).to_have_text("Errors 12 ms. Boiler 75 °C, Getting hot")

    site.push_to("Figures", errors=13)
    await expect(errors).to_contain_text("13")
    await expect(summary).to_have_text("Errors 12 ms. Boiler 75 °C, Getting hot")
    await page.clock.run_for(PAUSE)
    await expect(summary).to_have_text("Errors 13 ms")

    await switch.press("Space")
    site.push_to("Figures", errors=14)
    await expect(errors).to_contain_text("14")
    await page.clock.run_for(2 * PAUSE)
    await expect(summary).to_have_text("Errors 13 ms")
