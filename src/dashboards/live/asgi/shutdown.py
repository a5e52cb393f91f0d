"""Find out at once that the server stops.

Servers send ``lifespan.shutdown`` only when every connection has ended. Waiting for it with open
streams would never end.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from dashboards.live.asgi.exchange import Receive, Send

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals:
    """Handlers of SIGINT and SIGTERM, before the server's own, which run as ever.

    Args:
        stop: called in the event loop when the process receives one of them.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._previous: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def install(self) -> None:
        """Install the handlers, unless they are. Python allows that in the main thread only."""
        if self._previous or threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def end(number: int, frame: FrameType | None) -> None:
            with contextlib.suppress(RuntimeError):  # The loop has closed already.
                loop.call_soon_threadsafe(self._stop)
            self._previous[number](number, frame)

        for number in _SIGNALS:
            previous = signal.getsignal(number)
            if callable(previous):
                self._previous[number] = previous
                signal.signal(number, end)


def stop_with_hypercorn(stop: Callable[[], None]) -> None:
    """Call ``stop`` the moment one of hypercorn's workers begins to stop.

    Its workers get no signal: the main process passes it on as an event, for which a task in each
    worker's loop waits. The application gets ``lifespan.shutdown`` only when every connection has
    ended, and from Python 3.12 on ``--graceful-timeout`` does not bound that wait (hypercorn issue
    308). So this watches that task, which it finds by name. If the name changes, hypercorn waits
    for streams.
    """
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__qualname__", "") == "raise_shutdown":
            task.add_done_callback(lambda _: stop())


async def answer_lifespan(receive: Receive, send: Send, stop: Callable[[], None]) -> None:
    """Answer the server's lifespan events, which Django's handler refuses.

    Args:
        receive: as the server gave it.
        send: as the server gave it.
        stop: called on ``lifespan.shutdown``.
    """
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
