"""README.md and docs/tutorial.md, followed as typed in an empty folder.

README.md ends at a live page, the tutorial behind nginx with Redis and two workers.
"""

import re
import ssl
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPResponse
from pathlib import Path

import psutil
import pytest
from playwright.async_api import Browser, Page, expect

from tests.chromium import open_checked
from tests.harness import ROOT, free_port
from tests.howto import Block, Project, read_page

pytestmark = pytest.mark.timeout(180)  # Building a project takes some seconds.

PATH = "http://127.0.0.1:8000/dashboards/shop/operations/"
SECURE_PATH = "https://localhost:8443/dashboards/shop/operations/"
TUTORIAL = read_page("../tutorial.md")
IN_PRODUCTION = [each for each in TUTORIAL if each.section == "To production"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    yield from make_project(tmp_path_factory.mktemp("readme"))


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project of the tutorial, before its last part."""
    for project in make_project(tmp_path_factory.mktemp("tutorial")):
        project.follow([each for each in TUTORIAL if each not in IN_PRODUCTION])
        yield project


def make_project(folder: Path) -> Iterator[Project]:
    ports = {port: str(free_port()) for port in ("8000", "8443", "6379")}
    project = Project(folder, ports)
    yield project
    project.stop()


def serve(project: Project, blocks: Sequence[Block], arguments: str = "") -> str:
    """Start the server of a page, and return the dashboard's address."""
    ((*commands, server),) = (each.text.splitlines() for each in blocks if each.action == "serve")
    project.run("\n".join(commands))
    url = project.here(PATH)
    project.serve(f"{server} {arguments}", lambda _: is_answered(url))
    return url


# The tutorial's certificate is its own.
UNVERIFIED = ssl._create_unverified_context()


def is_answered(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, context=UNVERIFIED) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def open_stream(url: str, cookies: str) -> HTTPResponse:
    request = urllib.request.Request(f"{url}@stream/", headers={"Cookie": cookies})
    response = urllib.request.urlopen(request, context=UNVERIFIED, timeout=20)
    assert isinstance(response, HTTPResponse)
    return response


def holds_a_stream(worker: psutil.Process, port: int) -> bool:
    """Say if a worker has a connection: nginx ends those of other requests."""
    return any(
        each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port
        for each in worker.net_connections("inet")
    )


async def log_in(page: Page) -> None:
    await page.get_by_label("Username").fill("ann")
    await page.get_by_label("Password").fill("choose-another-1")
    await page.get_by_role("button").click()


@pytest.mark.asyncio(loop_scope="session")
async def test_readme_followed_as_typed_shows_a_live_dashboard(project: Project, page: Page):
    blocks = read_page("../../README.md")
    project.follow(blocks)
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
    tutorial: Project, page: Page
):
    blocks = [each for each in TUTORIAL if each not in IN_PRODUCTION]
    url = serve(tutorial, blocks)
    order, push = (each.text for each in blocks if each.action == "try")
    assert f"<{PATH}>" in (ROOT / "docs" / "tutorial.md").read_text()

    await page.goto(url)
    await log_in(page)
    await expect(page).to_have_url(url)
    main = page.locator("#shop_operations")
    await expect(main).to_have_attribute("data-dashboards-live", "open")
    await expect(page.locator("#shop_operations-orders-content")).to_have_text("0")
    tutorial.run(order)
    await expect(page.locator("#shop_operations-orders-content")).to_have_text("1")
    await expect(page.locator("#shop_operations-revenue-content")).to_contain_text("19.90")
    tutorial.run(push)
    await expect(page.locator("progress")).to_have_attribute("value", "40.0")
    await expect(main).to_contain_text("Copying")
    tutorial.stop()


@pytest.mark.asyncio(loop_scope="session")
async def test_tutorial_in_production_pushes_through_redis_two_workers_and_nginx(
    tutorial: Project, browser: Browser
):
    redis, gunicorn, nginx = (each.text for each in IN_PRODUCTION if each.action == "serve")
    (push,) = (each.text for each in IN_PRODUCTION if each.action == "try")
    tutorial.serve(redis, lambda log: "Ready to accept connections" in log)
    tutorial.follow(IN_PRODUCTION)
    # As in the block of the page, which is run by now.
    checked = tutorial.run(
        "python manage.py check --deploy --database default",
        DJANGO_SETTINGS_MODULE="mysite.settings_production",
    )
    assert set(re.findall(r"\b(?:security|dashboards)\.[EW]\d+", checked)) == {"security.W004"}
    main_process = tutorial.serve(gunicorn, lambda log: log.count("startup complete") == 2)
    url = tutorial.here(SECURE_PATH)
    tutorial.serve(nginx, lambda _: is_answered(url))
    workers = psutil.Process(main_process.pid).children()
    assert len(workers) == 2
    assert f"<{SECURE_PATH}>" in (ROOT / "docs" / "tutorial.md").read_text()

    async with (
        await browser.new_context(ignore_https_errors=True) as context,
        open_checked(context) as page,
    ):
        await page.goto(url)
        await log_in(page)
        await expect(page).to_have_url(url)
        main = page.locator("#shop_operations")
        await expect(main).to_have_attribute("data-dashboards-live", "open")
        cookies = [f"{each['name']}={each['value']}" for each in await context.cookies()]
        port = int(tutorial.here("8000"))
        streams: list[HTTPResponse] = []
        while not all(holds_a_stream(each, port) for each in workers):
            streams.append(open_stream(url, "; ".join(cookies)))

        tutorial.run(push)

        await expect(page.locator("progress")).to_have_attribute("value", "80.0")
        for stream in streams:
            while b"Restarting" not in stream.readline():
                assert not stream.isclosed()
            stream.close()
        style = await page.locator("link[rel=stylesheet]").get_attribute("href")
        answer = await context.request.get(tutorial.here(f"https://localhost:8443{style}"))
        assert answer.headers["server"].startswith("nginx")
        assert answer.headers["content-encoding"] == "gzip"
        assert "max-age=3" in answer.headers["cache-control"]
    main_process.terminate()
    main_process.wait(10)


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_service_of_the_tutorial_starts_gunicorn_as_the_tutorial_does():
    _, gunicorn, _ = (each.text for each in IN_PRODUCTION if each.action == "serve")
    (unit,) = (each.text for each in IN_PRODUCTION if each.action == "file=mysite.service")

    words, started = (text.replace("\\\n", " ").split() for text in (gunicorn, unit))
    assert f"/.venv/bin/{' '.join(words)} Restart=" in " ".join(started)
