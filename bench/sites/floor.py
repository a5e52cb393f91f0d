"""The floor: a shared log and a cursor for each reader, in bare ASGI. The same bytes, no Django."""

import asyncio
from typing import Any

from bench.sites.control import Control, Receive, Send
from bench.sites.marks import mark
from bench.sites.payload import encode, render

_HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store, no-transform")]


class Log:
    """The pushed values, and the readers that wait for the next."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.waiting: list[asyncio.Future[None]] = []

    def append(self, event: bytes) -> None:
        """Wake all waiting readers. Called in the event loop."""
        self.events.append(event)
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


log = Log()
loop: asyncio.AbstractEventLoop | None = None


def push_number(number: int) -> None:
    if loop is not None:
        loop.call_soon_threadsafe(
            log.append, encode(render(mark(number)), f"abcdefabcdef.{number}")
        )


async def stream(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    global loop  # noqa: PLW0603 - one process, one loop, one log
    if scope["type"] != "http":
        return
    loop = asyncio.get_running_loop()
    reading = asyncio.current_task()

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        if reading is not None:
            reading.cancel()

    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": b"retry: 500\n\n", "more_body": True})
    cursor = len(log.events)
    listener = loop.create_task(listen())
    try:
        while True:
            while cursor == len(log.events):
                future = loop.create_future()
                log.waiting.append(future)
                await future
            news = log.events[cursor:]
            cursor += len(news)
            body = news[0] if len(news) == 1 else b"".join(news)
            await send({"type": "http.response.body", "body": body, "more_body": True})
    except asyncio.CancelledError:
        pass  # The client disconnected.
    finally:
        listener.cancel()


application = Control(stream, push_number)
