"""The in-process edge: holds streams after Django has answered and let go of everything.

In ``asgi.py``::

    application = LiveEdge(get_asgi_application())
"""

import asyncio
import contextlib
import contextvars
import logging
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from types import FrameType
from typing import Any

from asgiref.sync import SyncToAsync

from dashboards import conf
from dashboards.live.frames import encode_retry
from dashboards.live.hold import EXTENSION, STREAM_PATH, Hold, Offer
from dashboards.live.hub import Hub, Reader
from dashboards.live.shared_thread import SharedThread
from dashboards.live.stores import get_store

logger = logging.getLogger("dashboards.live")

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

_TROUBLE_MILLISECONDS = 3000
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class LiveEdge:
    """Wraps a Django ASGI application and holds the streams that its views ask to be held.

    Until the view's answer is complete this passes everything through. Then Django's thread,
    request and database connection are free, and the edge goes on writing frames to ``send``.

    Args:
        application: the application of ``django.core.asgi.get_asgi_application()``.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._hub: Hub | None = None
        self._is_stopping = False
        self._was_full = False
        self._shared_thread = SharedThread()
        self._previous: dict[int, Callable[[int, FrameType | None], Any]] = {}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and not self._is_stopping:
            if not self._previous:
                # Now, not when the first stream is held: it may be held after the server was
                # told to stop.
                self._stop_on_signals()
            exchange = _Exchange(receive, send)
            exchange.offer.full = self._is_full()
            if self._hub is not None:
                exchange.offer.is_watching = self._hub.is_watching
                exchange.offer.access = self._hub.access
            extensions = {**(scope.get("extensions") or {}), EXTENSION: exchange.offer}
            scope = {**scope, "extensions": extensions}
            if _asks_for_stream(scope):
                await self._answer_in_shared_thread(scope, exchange)
            else:
                await self._application(scope, exchange.receive, exchange.send)
            if exchange.holding and exchange.offer.hold:
                await self._hold(exchange.offer.hold, exchange)
        else:
            await self._application(scope, receive, send)

    def _is_full(self) -> bool:
        streams, most = self._hub.streams if self._hub else 0, conf.get("MAX_STREAMS")
        is_full = bool(streams >= most)
        if is_full and not self._was_full:
            logger.warning(
                "%d streams are held, as many as MAX_STREAMS allows; others are told to wait.",
                streams,
                extra={"event": "full", "streams": streams},
            )
        self._was_full = is_full
        return is_full

    async def _answer_in_shared_thread(self, scope: dict[str, Any], exchange: "_Exchange") -> None:
        """Let Django answer requests for streams in one thread, where it would start one for each.

        Each has a context of its own, lest one sets another's language; in all of them asgiref
        finds the same thread.
        """
        context = contextvars.copy_context()
        answer = self._application(scope, exchange.receive, exchange.send)
        loop = asyncio.get_running_loop()
        with self._shared_thread.use() as thread:
            context.run(SyncToAsync.thread_sensitive_context.set, thread)
            await loop.create_task(_awaited(answer), context=context)

    async def _hold(self, hold: Hold, exchange: "_Exchange") -> None:
        hub = self._hub
        if hub is None:
            hub = self._hub = Hub(get_store())
            _stop_with_hypercorn(self._stop)
            if self._is_stopping:
                hub.close()
        try:
            reader = await hub.open(hold)
        except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
            # The client comes back with its position, when the store has had a moment. The hub
            # has told of it, once for all the streams that meet the same trouble.
            logger.info(
                "A stream of %r cannot be held: %r",
                hold.channel,
                error,
                extra={"event": "hold failed", "channel": hold.channel},
            )
            await exchange.end(encode_retry(_TROUBLE_MILLISECONDS))
            return
        listener = asyncio.create_task(exchange.wait_for_disconnect(reader))
        try:
            # A task of its own: in this one every delivery would pass through all the
            # coroutines of server and middleware that wait for it to end.
            await asyncio.create_task(exchange.deliver(reader))
        except OSError:
            pass  # The client is gone, says the server.
        except asyncio.CancelledError:
            if not reader.abandoned:
                raise
            logger.info(
                "A client of %r stopped reading; its stream was given up.",
                hold.channel,
                extra={"event": "stream given up", "channel": hold.channel},
            )
        finally:
            hub.release(reader)
            listener.cancel()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Answer the server's lifespan events, which Django's handler refuses."""
        while True:
            event = await receive()
            if event["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif event["type"] == "lifespan.shutdown":
                self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _stop(self) -> None:
        """End every stream now, and hold none from here on."""
        self._is_stopping = True
        if self._hub is not None:
            self._hub.close()

    def _stop_on_signals(self) -> None:
        """End streams the moment the server is told to stop.

        Servers send ``lifespan.shutdown`` only when every connection has ended, so waiting for
        it with open streams would be waiting for ever. The server's own handler runs as before.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()

        def end(number: int, frame: FrameType | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed already
                loop.call_soon_threadsafe(self._stop)
            self._previous[number](number, frame)

        for number in _SIGNALS:
            previous = signal.getsignal(number)
            if callable(previous):
                self._previous[number] = previous
                signal.signal(number, end)


class _Exchange:
    """One request's two callables, watched: what Django heard and said, remembered."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.offer = Offer()
        self.holding = False
        self.disconnected = False

    async def receive(self) -> Message:
        """Pass on, and remember a disconnect: not every server says it twice."""
        event = await self._receive()
        if event["type"] == "http.disconnect":
            self.disconnected = True
        return event

    async def send(self, event: Message) -> None:
        """Pass on; leave the answer open where the view asks for it to be held."""
        if event["type"] == "http.response.start" and self.offer.hold:
            headers = [(name.lower(), value) for name, value in event["headers"]]
            # Whatever answered instead (a middleware's error or redirect) is not a stream.
            self.holding = event["status"] == HTTPStatus.OK and any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in headers
            )
            if self.holding:
                event = {**event, "headers": [each for each in headers if not _is_finite(*each)]}
        elif event["type"] == "http.response.body" and self.holding:
            event = {**event, "more_body": True}
        await self._send(event)

    async def end(self, body: bytes = b"") -> None:
        """Write the last of the held answer."""
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def deliver(self, reader: Reader) -> None:
        """Write what the reader takes, until the stream ends."""
        send = self._send

        def write(body: bytes) -> Awaitable[None]:
            # Not a coroutine around a coroutine: this runs once for each delivery.
            return send({"type": "http.response.body", "body": body, "more_body": True})

        await reader.deliver(write)
        if not self.disconnected:
            await self.end()

    async def wait_for_disconnect(self, reader: Reader) -> None:
        """Close the reader when the client goes."""
        while not self.disconnected:
            await self.receive()
        reader.close("gone")


def _stop_with_hypercorn(stop: Callable[[], None]) -> None:
    """End streams the moment one of hypercorn's workers begins to stop.

    Its workers get no signal: the one that the main process gets is passed on as an event, for
    which a task in each worker's loop waits. An application is told only when every connection
    has ended, and from Python 3.12 on ``--graceful-timeout`` does not bound that wait (hypercorn
    issue 308). So its end is read off the task, by name; another name, and hypercorn waits.
    """
    for task in asyncio.all_tasks():
        if getattr(task.get_coro(), "__qualname__", "") == "raise_shutdown":
            task.add_done_callback(lambda _: stop())


def _asks_for_stream(scope: Mapping[str, Any]) -> bool:
    # By its path too: a site may have slow event streams of its own.
    return scope["path"].endswith(STREAM_PATH) and any(
        name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"]
    )


async def _awaited(answer: Awaitable[None]) -> None:
    await answer


def _is_finite(name: bytes, value: bytes) -> bool:
    """Whether a header was true only of the finished answer."""
    # The view says "identity" to keep GZipMiddleware away; on the wire it says nothing.
    return name == b"content-length" or (name, value) == (b"content-encoding", b"identity")
