"""README.md and docs/tutorial.md, followed as typed in an empty folder, end at a live page."""

import re
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.harness import ROOT, free_port
from tests.howto import Block, Project, read_page

pytestmark = pytest.mark.timeout(180)  # Building a project takes some seconds.

PATH = "http://127.0.0.1:8000/dashboards/shop/operations/"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path, {"8000": str(free_port())})
    yield project
    project.stop()


def serve(project: Project, blocks: Sequence[Block], arguments: str = "") -> str:
    """Do what a page says, start its server, and return the dashboard's address."""
    project.follow(blocks)
    ((*commands, server),) = (each.text.splitlines() for each in blocks if each.action == "serve")
    project.run("\n".join(commands))
    url = project.here(PATH)
    project.serve(f"{server} {arguments}", lambda _: is_answered(url))
    return url


def is_answered(url: str) -> bool:
    try:
        with urllib.request.urlopen(url) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@pytest.mark.asyncio(loop_scope="session")
async def test_readme_followed_as_typed_shows_a_live_dashboard(project: Project, page: Page):
    blocks = read_page("../../README.md")
    url = serve(project, blocks, f"{project.here('8000')} --noreload")
    (push,) = (each.text for each in blocks if each.action == "try")
    assert f"<{PATH}>" in (ROOT / "README.md").read_text()

    await page.goto(url)
    await expect(page.locator("#shop_operations-users-content")).to_have_text("0")
    await expect(page.locator("#shop_operations-clock-content")).to_have_text(
        re.compile(r"\d\d:\d\d:\d\d")
    )
    project.run(push)
    await expect(page.locator("progress")).to_have_attribute("value", "40.0")


@pytest.mark.asyncio(loop_scope="session")
async def test_tutorial_followed_as_typed_shows_a_live_dashboard_behind_a_login(
    project: Project, page: Page
):
    blocks = read_page("../tutorial.md")
    url = serve(project, blocks)
    order, push = (each.text for each in blocks if each.action == "try")
    assert f"<{PATH}>" in (ROOT / "docs" / "tutorial.md").read_text()

    await page.goto(url)
    await page.get_by_label("Username").fill("ann")
    await page.get_by_label("Password").fill("choose-another-1")
    await page.get_by_role("button").click()
    await expect(page).to_have_url(url)
    main = page.locator("#shop_operations")
    await expect(main).to_have_attribute("data-dashboards-live", "open")
    await expect(page.locator("#shop_operations-orders-content")).to_have_text("0")
    project.run(order)
    await expect(page.locator("#shop_operations-orders-content")).to_have_text("1")
    await expect(page.locator("#shop_operations-revenue-content")).to_contain_text("19.90")
    project.run(push)
    await expect(page.locator("progress")).to_have_attribute("value", "40.0")
    await expect(main).to_contain_text("Copying")


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
