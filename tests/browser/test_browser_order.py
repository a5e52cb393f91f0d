"""Late and repeated events, and servers that send nothing, in a real browser."""

import asyncio
import signal
import time
from collections.abc import Iterator
from functools import partial

import pytest
from playwright.async_api import Page, Request, Route, expect

from tests.conftest import MakeSite
from tests.faults.network import Network
from tests.harness import Site

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIVE = "#site_live"
STATUS = f"{LIVE} .dashboards-live-status"


def event(key: str, position: str, data: object, *, ends: bool = True) -> str:
    id_ = f"id: {position}\n" if ends else ""
    return f"event: {key}\n{id_}version: {position}\ndata: {data}\n\n"


def numbers(*versions: str) -> str:
    return "".join(event("number", each, f"value {each}") for each in versions)


async def answer_with(page: Page, *bodies: str) -> "asyncio.Queue[Request]":
    """Answer the page's streams with these bodies, one a connection, and then with nothing."""
    requests: asyncio.Queue[Request] = asyncio.Queue()
    next_bodies = iter(bodies)

    async def answer(route: Route) -> None:
        requests.put_nowait(route.request)
        body = next(next_bodies, "retry: 60000\n\n")
        await route.fulfill(body=f"retry: 100\n\n{body}", content_type="text/event-stream")

    await page.route("**/@stream/**", answer)
    return requests


@pytest.mark.parametrize(
    ("versions", "shown", "dropped"),
    [
        # Recorded behind Pushpin: a late answer to a request for the next link.
        (("e.104", "e.105", "e.106", "e.105"), "e.106", 1),
        (("e.83", "e.84", "e.85", "e.84"), "e.85", 1),
        (("e.71", "e.72", "e.71", "e.72", "e.73", "e.75", "e.74"), "e.75", 2),
        # The store lost its data and began a new epoch; events of the old one may be late, too.
        (("e.104", "f.1", "e.105", "f.2"), "f.2", 1),
    ],
    ids=["late", "again", "stalled", "epoch"],
)
async def test_older_version_not_shown(
    site: Site, page: Page, versions: tuple[str, ...], shown: str, dropped: int
):
    # A GRIP proxy may repeat and delay events. Regression: values went backwards on one
    # connection, and the page continued from an older position.
    requests = await answer_with(page, numbers(*versions))
    await page.goto(f"{site.url}/site/live/")

    await expect(page.locator(f"{LIVE}-number-content")).to_have_text(f"value {shown}")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live-dropped", str(dropped))
    _first, second = await requests.get(), await requests.get()
    assert (await second.all_headers())["last-event-id"] == shown


async def test_late_state_event_does_not_mark_newer_value(site: Site, page: Page):
    failed = '<span class="dashboards-is-failed">Failed</span>'
    body = event("number", "e.5", "five") + event("number:state", "e.4", failed)
    body += event("note", "e.5", "fine") + event("note:state", "e.6", failed)
    # A value older than the state event, and newer than the shown value.
    body += event("bar", "e.2", "two") + event("bar:state", "e.9", failed)
    body += event("bar", "e.3", "three")
    await answer_with(page, body)
    await page.goto(f"{site.url}/site/live/")

    await expect(page.locator(f"{LIVE}-bar-content")).to_have_text("three")
    await expect(page.locator(f"{LIVE}-number-state")).to_have_text("")
    await expect(page.locator(f"{LIVE}-note-state")).to_have_text("Failed")
    await expect(page.locator(f"{LIVE}-bar-state")).to_have_text("Failed")


async def test_new_connection_may_start_at_older_version(site: Site, page: Page):
    # A store restored from a backup is at an older version, which is valid now.
    await answer_with(page, numbers("e.104"), numbers("e.90"))
    await page.goto(f"{site.url}/site/live/")

    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("value e.90")


BEAT_SECONDS = 3


@pytest.fixture(scope="module", params=["uvicorn", "gunicorn"])
def beating(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site whose pages hold a stream, or poll."""
    folder = tmp_path_factory.mktemp(request.param)
    site = Site(folder, request.param, TEST_HEARTBEAT=str(BEAT_SECONDS))
    site.start()
    yield site
    site.stop()


async def open_number(site: Site, page: Page, port: int) -> None:
    """Open a page, and wait until a value has reached it by its stream."""
    site.renew()
    await page.goto(f"http://127.0.0.1:{port}/site/live/")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "open")
    site.push(number="before")
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("before")


async def expect_silent(page: Page) -> None:
    """Expect the page to show it within little more than two heartbeats after the last event."""
    began = time.monotonic()
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "silent")
    assert time.monotonic() - began < 2 * BEAT_SECONDS + 2
    status = page.locator(STATUS)
    await expect(status).to_contain_text("No news since")
    since = status.locator("time:visible")
    assert await since.get_attribute("datetime")
    assert ":" in (await since.text_content() or "")


async def expect_open_again(site: Site, page: Page) -> None:
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "open")
    site.push(number="after")
    await expect(page.locator(f"{LIVE}-number-content")).to_have_text("after")


async def test_frozen_server_not_shown_as_live(beating: Site, page: Page):
    # Regression: with a server frozen by SIGSTOP the page showed Live for 80 seconds.
    await open_number(beating, page, beating.port)

    beating.signal(signal.SIGSTOP)
    try:
        await expect_silent(page)
    finally:
        beating.signal(signal.SIGCONT)

    await expect_open_again(beating, page)


async def test_half_open_connection_not_shown_as_live(beating: Site, page: Page):
    """A firewall that has forgotten a connection drops its bytes and closes nothing. Regression:
    the page showed Live, because it got no error."""
    relay = Network(partial(asyncio.open_connection, "127.0.0.1", beating.port))
    await relay.start()
    try:
        await open_number(beating, page, relay.port)

        relay.swallow()
        beating.push(number="lost")
        await expect_silent(page)
        await expect(page.locator(f"{LIVE}-number-content")).to_have_text("before")

        relay.heal()
        await expect(page.locator(f"{LIVE}-number-content")).to_have_text("lost")
        await expect_open_again(beating, page)
    finally:
        await page.goto("about:blank")
        await relay.stop()


async def test_failing_poll_not_shown_as_live(make_site: MakeSite, page: Page):
    site = make_site("gunicorn")
    await page.goto(f"{site.url}/site/live/")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "open")
    await page.route("**/@stream/**", lambda route: route.fulfill(status=502, body="bad gateway"))

    await expect(page.locator(LIVE)).to_have_attribute(
        "data-dashboards-live", "waiting", timeout=5000
    )
    await page.unroute("**/@stream/**")
    await expect(page.locator(LIVE)).to_have_attribute("data-dashboards-live", "open")
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs refused answers
