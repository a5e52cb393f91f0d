"""Tabs of one browser: hidden tabs close their stream and catch up when shown."""

from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest_asyncio

from tests.harness import CHROMIUM_ARGUMENTS, Site, wait_for
from tests.tabs import Tabs, open_tabs

LIVE = "document.querySelector('#site_live').dataset.dashboardsLive"
NUMBER = "document.querySelector('#site_live-number-content').innerText.trim()"


@pytest_asyncio.fixture
async def tabs(tmp_path: Path) -> AsyncIterator[Tabs]:
    async with open_tabs(CHROMIUM_ARGUMENTS, tmp_path / "profile") as tabs:
        yield tabs


def held_connections(site: Site) -> int:
    """Count the connections that the server has a stream on: those of this port still open."""
    assert site.process is not None
    connections = psutil.Process(site.process.pid).net_connections("tcp4")
    return sum(each.status == "ESTABLISHED" for each in connections)


async def test_hidden_tab_closes_stream_and_catches_up_when_shown(site: Site, tabs: Tabs):
    tab = await tabs.open(f"{site.url}/site/live/")
    await tab.until(f"{LIVE} == 'open'")
    other = await tabs.open("about:blank")
    await tab.until(f"{LIVE} == 'paused'")
    # Idle keep-alive connections are closed by the server after five seconds; a stream is not.
    wait_for(lambda: held_connections(site) == 0, seconds=15)
    site.push(number="while hidden")
    assert await tab.evaluate(NUMBER) != "while hidden"
    await tab.activate()
    await tab.until(f"{NUMBER} == 'while hidden'")
    await tab.until(f"{LIVE} == 'open'")
    await other.evaluate("1")


async def test_seven_tabs_load_and_are_live_when_shown(site: Site, tabs: Tabs):
    opened = [await tabs.open(f"{site.url}/site/live/") for _ in range(7)]
    site.push(number="to all")
    for tab in opened:
        await tab.activate()
        await tab.until(f"{NUMBER} == 'to all'")
        await tab.until(f"{LIVE} == 'open'")
