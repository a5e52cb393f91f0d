"""A Chromium with background tabs that are really hidden.

Playwright tells every page that it is visible and focused, so what hidden tabs do is seen only
through the browser's own protocol.
"""

import asyncio
import itertools
import json
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import websockets

from tests.harness import free_port


class Tab:
    """One tab, by the Chrome DevTools Protocol."""

    def __init__(self, browser: "Tabs", target: dict[str, str], socket: Any) -> None:
        self._browser = browser
        self._id = target["id"]
        self._socket = socket
        self._numbers = itertools.count(1)

    async def evaluate(self, expression: str) -> Any:
        number = next(self._numbers)
        parameters = {"expression": expression, "returnByValue": True}
        await self._socket.send(
            json.dumps({"id": number, "method": "Runtime.evaluate", "params": parameters})
        )
        while True:
            answer = json.loads(await asyncio.wait_for(self._socket.recv(), 10))
            if answer.get("id") == number:
                # No result: the page has just navigated.
                return answer.get("result", {}).get("result", {}).get("value")

    async def until(self, expression: str, *, seconds: float = 10) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(seconds):
            while not await self.evaluate(expression):  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.05)

    async def activate(self) -> None:
        """Bring to the front; the others are hidden."""
        await self._browser.ask(f"/json/activate/{self._id}")
        await self.until("document.visibilityState == 'visible'")


class Tabs:
    """A browser with one window."""

    def __init__(self, port: int, stack: AsyncExitStack) -> None:
        self._port = port
        self._stack = stack

    async def ask(self, path: str, method: str = "GET") -> bytes:
        def read() -> bytes:
            request = urllib.request.Request(f"http://127.0.0.1:{self._port}{path}", method=method)
            with urllib.request.urlopen(request, timeout=10) as response:
                body: bytes = response.read()
                return body

        return await asyncio.to_thread(read)

    async def open(self, url: str) -> Tab:
        """Open a tab in front of the others."""
        target = json.loads(await self.ask(f"/json/new?{url}", "PUT"))
        socket = await self._stack.enter_async_context(
            websockets.connect(target["webSocketDebuggerUrl"], max_size=None)
        )
        tab = Tab(self, target, socket)
        await tab.until(f"location.href == {json.dumps(url)} && document.readyState == 'complete'")
        return tab


@asynccontextmanager
async def open_tabs(arguments: Sequence[str], profile: Path) -> AsyncIterator[Tabs]:
    """Start a browser with a profile of its own. It has windows: a headless one hides no tab."""
    port = free_port()
    process = subprocess.Popen(  # noqa: ASYNC220 - starting it takes no time
        [
            "/usr/bin/chromium",
            *arguments,
            "--headless=new",
            f"--remote-debugging-port={port}",
            "--remote-allow-origins=*",
            f"--user-data-dir={profile}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with AsyncExitStack() as stack:
            tabs = Tabs(port, stack)
            async with asyncio.timeout(30):
                while True:
                    try:
                        await tabs.ask("/json/version")
                        break
                    except OSError:
                        await asyncio.sleep(0.1)
            yield tabs
    finally:
        process.terminate()
        process.wait(60)
