"""Pushes inside the server process, requested under ``/control/``. The same for every site."""

import gc
import json
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class Control:
    """Wraps the application of a site.

    Args:
        application: the site.
        push: pushes the value of that number. Called from a thread, as a view would, and from
            the event loop.
    """

    def __init__(self, application: Application, push: Callable[[int], None]) -> None:
        self._application = application
        self._push = push
        self._pushing: threading.Thread | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/control/"):
            await self._application(scope, receive, send)
            return
        asked = {name: float(value) for name, value in parse_qsl(scope["query_string"].decode())}
        first, count = int(asked.get("first", 0)), int(asked.get("count", 0))
        if scope["path"] == "/control/burst":
            # No await: one turn of the event loop.
            self._push_all(first, count, rate=0)
        elif scope["path"] == "/control/start":
            self._pushing = threading.Thread(
                target=self._push_all, args=(first, count), kwargs={"rate": asked["rate"]}
            )
            self._pushing.start()
        state: dict[str, int] = {"pushing": bool(self._pushing and self._pushing.is_alive())}
        if scope["path"] == "/control/blocks":
            gc.collect()
            state["blocks"] = sys.getallocatedblocks()
        body = json.dumps(state).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _push_all(self, first: int, count: int, *, rate: float) -> None:
        """Push at a rate per second; 0 is full speed."""
        due = time.monotonic()
        for number in range(first, first + count):
            self._push(number)
            if rate:
                due += 1 / rate
                time.sleep(max(0, due - time.monotonic()))
