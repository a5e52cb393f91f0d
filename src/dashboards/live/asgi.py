"""The in-process edge: holds streams after Django has answered and let go of everything.

In ``asgi.py``::

    application = LiveStreamMiddleware(get_asgi_application())
"""

import asyncio
import contextlib
import contextvars
import logging
import signal
import threading
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import FrameType
from typing import Any

from asgiref.sync import SyncToAsync

from dashboards import conf
from dashboards.live.connections import Connection
from dashboards.live.fanout.hub import Hub, Reader
from dashboards.live.fanout.places import Place, Places, network_of
from dashboards.live.metrics import METRICS
from dashboards.live.shared_thread import SharedThread
from dashboards.live.stores import get_store
from dashboards.live.subscription import (
    EXTENSION,
    STREAM_PATH,
    StreamHandoff,
    Subscription,
    retry_when_full,
)
from dashboards.live.wire.frames import encode_retry

logger = logging.getLogger("dashboards.live")

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

_TROUBLE_MILLISECONDS = 3000
_PART_BYTES = 64 * 1024
"""Bytes that are handed to the server at a time: what it keeps of a client that does not read."""
_DRAIN_SECONDS = 30.0
"""Time that a client has to read the end of its stream."""
_STOP_SECONDS = 1.0
"""The same while the server stops."""
_MAX_WAITING = 1000
"""Requests for streams that wait for Django's one thread before some are sent away."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class LiveStreamMiddleware:
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
        self._places = Places()
        self._waiting = Places()
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
            exchange = _Exchange(scope, receive, send)
            if scope["path"].endswith(STREAM_PATH):
                exchange.offer.client = _client_of(scope)
                exchange.offer.has_place = self._has_place
            if _asks_for_stream(scope):
                await self._answer_stream(scope, exchange)
            else:
                await self._answer(scope, exchange)
            if exchange.holding and exchange.offer.hold:
                stream = await self._open(exchange.offer.hold, exchange, scope)
                if stream is not None:
                    await self._hold(stream, exchange)
        else:
            await self._application(scope, receive, send)

    async def _answer(self, scope: dict[str, Any], exchange: "_Exchange") -> None:
        """Have Django answer, with our offer to hold the answer."""
        if self._hub is not None:
            exchange.offer.is_watching = self._hub.is_watching
            exchange.offer.access = self._hub.access
        extensions = {**(scope.get("extensions") or {}), EXTENSION: exchange.offer}
        scope = {**scope, "extensions": extensions}
        await self._application(scope, exchange.receive, exchange.send)

    def _has_place(self, holder: str) -> bool:
        """Return True if a stream would be held now. Called in Django's threads."""
        has_place = self._places.may_take(holder, conf.get("MAX_STREAMS"))
        was_full, self._was_full = self._was_full, self._places.is_full
        if self._was_full and not was_full:
            logger.warning(
                "%d streams are held, as many as MAX_STREAMS allows; others poll.",
                self._places.taken,
                extra={"event": "streams_full", "streams": self._places.taken},
            )
        return has_place

    async def _answer_stream(self, scope: dict[str, Any], exchange: "_Exchange") -> None:
        """Answer a request for a stream; send it away at once where too many wait already."""
        place = self._waiting.take(exchange.offer.client, _MAX_WAITING, _stay)
        if place is None:
            METRICS.refused += 1
            await exchange.send_away()
            return
        try:
            await self._answer_in_shared_thread(scope, exchange)
        finally:
            self._waiting.give_back(place)

    async def _may_read(self, scope: dict[str, Any], hold: Subscription) -> bool:
        """Ask the site again, as the client asked, whether it would have this stream held.

        Raises:
            Exception: the site cannot say.
        """
        exchange = _Exchange(scope, _only_a_request(), _drop)
        await self._answer_in_shared_thread(scope, exchange)
        if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            msg = f"The site answered {exchange.status}."
            raise RuntimeError(msg)
        now = exchange.offer.hold if exchange.holding else None
        return now is not None and (now.channel, now.identity, now.session, now.visible_events) == (
            *(hold.channel, hold.identity, hold.session, hold.visible_events),
        )

    async def _answer_in_shared_thread(self, scope: dict[str, Any], exchange: "_Exchange") -> None:
        """Let Django answer requests for streams in one thread, where it would start one for each.

        Each has a context of its own, lest one sets another's language; in all of them asgiref
        finds the same thread.
        """
        context = contextvars.copy_context()
        answer = self._answer(scope, exchange)
        loop = asyncio.get_running_loop()
        with self._shared_thread.use() as thread:
            context.run(SyncToAsync.thread_sensitive_context.set, thread)
            await loop.create_task(_awaited(answer), context=context)

    async def _open(
        self, hold: Subscription, exchange: "_Exchange", scope: dict[str, Any]
    ) -> "_Stream | None":
        """Open a stream; where that cannot be, end the answer, and the client comes back."""
        hub, stream = self._get_hub(), _Stream()
        place = self._places.take(hold.holder, conf.get("MAX_STREAMS"), stream.make_room)
        if place is None:
            # Taken by others since the view asked.
            METRICS.refused += 1
            await exchange.end(encode_retry(retry_when_full()))
            return None
        ask = partial(self._may_read, scope, hold)
        try:
            stream.begin(place, await hub.open(hold, ask))
        except BaseException as error:
            self._places.give_back(place)
            if not isinstance(error, Exception):
                raise
            # The client comes back with its position, when the store has had a moment. The hub
            # has told of it, once for all the streams that meet the same trouble.
            logger.info(
                "A stream of %r cannot be held: %r",
                hold.channel,
                error,
                extra={"event": "stream_open_failed", "channel": hold.channel},
            )
            await exchange.end(encode_retry(_TROUBLE_MILLISECONDS))
            return None
        return stream

    def _get_hub(self) -> Hub:
        hub = self._hub
        if hub is None:
            hub = self._hub = Hub(get_store())
            _stop_with_hypercorn(self._stop)
            if self._is_stopping:
                hub.close()
        return hub

    async def _hold(self, stream: "_Stream", exchange: "_Exchange") -> None:
        """Write what the reader takes, until the stream and its connection are done with."""
        reader = stream.reader
        listener = asyncio.create_task(exchange.wait_for_disconnect(reader))
        is_read = True
        try:
            # A task of its own: in this one every delivery would pass through all the
            # coroutines of server and middleware that wait for it to end.
            await asyncio.create_task(exchange.deliver(reader))
            if not exchange.disconnected:
                is_read = await exchange.connection.flush(self._get_drain_seconds)
        except OSError:
            pass  # The client is gone, says the server.
        except asyncio.CancelledError:
            if not reader.abandoned:
                raise
            is_read = exchange.disconnected
        finally:
            try:
                if not is_read:
                    await self._cut(reader, exchange, listener)
            finally:
                # Not before: what the server keeps for a client counts as a stream.
                self._get_hub().release(reader)
                self._places.give_back(stream.place)
                listener.cancel()

    async def _cut(
        self, reader: Reader, exchange: "_Exchange", listener: "asyncio.Task[None]"
    ) -> None:
        """Cut the connection of a client that does not read, and wait until that is done."""
        logger.info(
            "A client of %r stopped reading; its connection was cut.",
            reader.feed.channel,
            extra={"event": "stream_given_up", "channel": reader.feed.channel},
        )
        await exchange.connection.abort()
        # Servers complain of an answer that is not complete before they know.
        await asyncio.wait([listener], timeout=_STOP_SECONDS)

    def _get_drain_seconds(self) -> float:
        return _STOP_SECONDS if self._is_stopping else _DRAIN_SECONDS

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


LiveEdge = LiveStreamMiddleware
"""The name that was used before the first release; see ``dashboards.compat``."""


class _Stream:
    """A stream in its place. It may have to leave that even before it is opened."""

    __slots__ = ("_must_leave", "place", "reader")

    place: Place
    reader: Reader

    def __init__(self) -> None:
        self._must_leave = False

    def begin(self, place: Place, reader: Reader) -> None:
        """Begin to be read."""
        self.place, self.reader = place, reader
        if self._must_leave:
            reader.give_up("full")

    def make_room(self) -> None:
        """End, as soon as it is open."""
        self._must_leave = True
        if hasattr(self, "reader"):
            self.reader.give_up("full")


class _Exchange:
    """One request's two callables, watched: what Django heard and said, remembered."""

    __slots__ = (
        *("_connection", "_receive", "_scope", "_send"),
        *("disconnected", "holding", "offer", "status"),
    )

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._connection: Connection | None = None
        self.offer = StreamHandoff()
        self.status = 0
        self.holding = False
        self.disconnected = False

    @property
    def connection(self) -> Connection:
        """The connection under it."""
        if self._connection is None:
            self._connection = Connection(self._scope, self._send)
        return self._connection

    async def receive(self) -> Message:
        """Pass on, and remember a disconnect: not every server says it twice."""
        event = await self._receive()
        if event["type"] == "http.disconnect":
            self.disconnected = True
        return event

    async def send(self, event: Message) -> None:
        """Pass on; leave the answer open where the view asks for it to be held."""
        if event["type"] == "http.response.start":
            self.status = event["status"]
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

    async def send_away(self) -> None:
        """Answer, without a look at what is asked for, that there is nothing new; come back."""
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store, private"),
        ]
        await self._send(
            {"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers}
        )
        await self.end(encode_retry(retry_when_full()))

    async def deliver(self, reader: Reader) -> None:
        """Write what the reader takes, until the stream ends."""
        self._send = send = self.connection.controlled(self._send)

        def write(body: bytes) -> Awaitable[None]:
            if len(body) > _PART_BYTES:
                return self._write_parts(body, reader)
            # Not a coroutine around a coroutine: this runs once for each delivery.
            return send({"type": "http.response.body", "body": body, "more_body": True})

        await reader.deliver(write)
        if not self.disconnected:
            await self.end()

    async def _write_parts(self, body: bytes, reader: Reader) -> None:
        for start in range(0, len(body), _PART_BYTES):
            part = body[start : start + _PART_BYTES]
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
            reader.progress()

    async def wait_for_disconnect(self, reader: Reader) -> None:
        """Close the reader when the client goes."""
        while not self.disconnected:
            await self.receive()
        # Not every server ends a write that waits for a client which has gone.
        reader.give_up("gone")


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


def _client_of(scope: Mapping[str, Any]) -> str:
    """Return what names the client by its address, as far as that is known."""
    header = conf.get("CLIENT_ADDRESS_HEADER").lower().encode("latin-1")
    for name, value in reversed(scope["headers"]) if header else ():
        if name.lower() == header:
            # What stands before the last one is what the client has said itself.
            return network_of(value.decode("latin-1").rpartition(",")[2])
    return network_of((scope.get("client") or ("",))[0])


def _stay() -> None:
    """Who waits for Django's thread is not sent away any more."""


def _only_a_request() -> Receive:
    """Return a ``receive`` of a client that has sent a request without a body, and waits."""
    events: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not events:
            await asyncio.Event().wait()
        return events.pop()

    return receive


async def _drop(event: Message) -> None:
    """Send to nobody."""


async def _awaited(answer: Awaitable[None]) -> None:
    await answer


def _is_finite(name: bytes, value: bytes) -> bool:
    """Whether a header was true only of the finished answer."""
    # The view says "identity" to keep GZipMiddleware away; on the wire it says nothing.
    return name == b"content-length" or (name, value) == (b"content-encoding", b"identity")
