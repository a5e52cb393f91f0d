"""Late answers of Pushpin to requests for the next link do not show an older value.

docs/internals/pushpin-stale-retry.md describes the cause, which this test provokes.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from deploy.pushpin import Ports, pushpin
from tests.faults.network import Answer, End, Network
from tests.faults.readers import Order, events_in
from tests.harness import Site, free_port
from tests.integration.test_pushpin_edge import KEY, LIVE, grip_settings

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(150)]

READERS = 20
MOST_ROUNDS = 6
DOWN_SECONDS = 1.2
"""Longer than it takes until a request for the next link fails; a keep-alive is due after 1 s."""

COLLECT = """
window.shown = [];
const box = document.querySelector("#site_live-number-content");
const note = () => {
  const text = box.textContent.trim().replaceAll(",", "");
  if (/^[0-9]+$/.test(text)) window.shown.push(Number(text));
};
new MutationObserver(note).observe(box, { childList: true, subtree: true, characterData: true });
"""


class Proxied:
    """The site behind a Pushpin, and between them a network that can go down."""

    def __init__(self, folder: Path) -> None:
        self.ports = Ports(*(free_port() for _ in range(5)))
        self.site = Site(
            folder,
            TEST_GRIP=grip_settings(self.ports, zmq=True),
            TEST_GRIP_POLL="1",
            TEST_HEARTBEAT="1",
        )
        self.is_down = False
        self.network = Network(self._connect)

    async def _connect(self) -> End:
        if self.is_down:
            raise ConnectionRefusedError
        return await asyncio.open_connection("127.0.0.1", self.site.port)

    async def go_down_and_up(self) -> None:
        self.is_down = True
        for writer in tuple(self.network._writers):
            writer.close()
        await asyncio.sleep(DOWN_SECONDS)
        self.is_down = False

    async def push_for(self, seconds: float, first: int) -> int:
        """Push numbers while answers are slow, and return the last."""
        self.network.delay = 0.15
        number, loop = first, asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            number += 1
            await asyncio.to_thread(self.site.push, number=number)
            await asyncio.sleep(0.03)
        self.network.delay = 0
        return number


@pytest_asyncio.fixture(loop_scope="session")
async def proxied(tmp_path: Path) -> AsyncIterator[Proxied]:
    proxied = Proxied(tmp_path)
    stack = ExitStack()
    await asyncio.to_thread(proxied.site.start)
    try:
        await proxied.network.start()
        # It asks the site while it starts, and the network is of this loop.
        proxy = pushpin(
            proxied.network.port, proxied.ports, key=KEY, options={"message_wait": "500"}
        )
        await asyncio.to_thread(stack.enter_context, proxy)
        yield proxied
    finally:
        await asyncio.to_thread(stack.close)
        await proxied.network.stop()
        proxied.site.stop()


class Reader:
    """One stream, whose versions are compared as they come, and as a page takes them."""

    def __init__(self, port: int) -> None:
        self.late = 0
        self.backwards: list[tuple[int, int]] = []
        self._port = port

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, AssertionError):
                await self._read()
            await asyncio.sleep(0.2)

    async def _read(self) -> None:
        order, came, shown, rest = Order(), 0, 0, ""
        async with Answer(self._port, LIVE, {"Accept": "text/event-stream"}) as answer:
            async for piece in answer.body():
                *whole, rest = (rest + piece.decode()).rsplit("\n\n", 1)
                for event in events_in(whole[0]) if whole else []:
                    if event.get("event") != "number":
                        continue
                    version = int(event["version"].partition(".")[2])
                    self.late += version < came
                    came = version
                    if order.takes("number", event["version"]):
                        if version < shown:
                            self.backwards.append((shown, version))
                        shown = version


async def test_late_pushpin_answer_shows_no_older_value(proxied: Proxied, page: Page):
    # A server was down within a keep-alive's time, and Pushpin asked for the next link twice: the
    # second answer came after newer publishes, and values went backwards on one connection.
    await asyncio.to_thread(proxied.site.push, number=1)
    readers = [Reader(proxied.ports.http) for _ in range(READERS)]
    reading = [asyncio.create_task(each.run()) for each in readers]
    await page.goto(f"http://127.0.0.1:{proxied.ports.http}/site/live/")
    await expect(page.locator("#site_live")).to_have_attribute("data-dashboards-live", "open")
    await page.evaluate(COLLECT)
    number = 1
    try:
        for _ in range(MOST_ROUNDS):
            await proxied.go_down_and_up()
            number = await proxied.push_for(5, number)
            if sum(each.late for each in readers):
                break
        await expect(page.locator("#site_live-number-content")).to_have_text(f"{number:,}")
    finally:
        for task in reading:
            task.cancel()

    assert sum(each.late for each in readers), "Pushpin answered nothing late"
    assert [each.backwards for each in readers if each.backwards] == []
    shown = await page.evaluate("window.shown")
    assert shown == sorted(shown)
    page.complaints.clear()  # type: ignore[attr-defined] # the browser logs what was refused
