"""The ASGI middleware that streams what Django's views have subscribed to."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable
from functools import partial
from http import HTTPStatus
from typing import Any

from asgiref.sync import SyncToAsync

from dashboards import conf
from dashboards.live.asgi.exchange import Application, Exchange, ProbeExchange, Receive, Send
from dashboards.live.asgi.shared_thread import SharedThread
from dashboards.live.asgi.shutdown import StopSignals, answer_lifespan, stop_with_hypercorn
from dashboards.live.asgi.slots import Slot, Slots, network_of
from dashboards.live.asgi.sockets import Sockets
from dashboards.live.fanout.hub import Hub
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.metrics import METRICS
from dashboards.live.stores import get_store
from dashboards.live.subscription import EXTENSION, STREAM_PATH, Subscription, retry_when_full
from dashboards.live.wire.frames import encode_retry
from dashboards.live.workers import is_cancelled

logger = logging.getLogger("dashboards.live")

_RETRY_MILLISECONDS = 3000
"""The time after which a page retries if its stream could not be opened."""
_DRAIN_SECONDS = 30.0
"""Time that a client has to read the end of its stream."""
_STOP_SECONDS = 1.0
"""The same while the server stops."""
_MAX_WAITING = 1000
"""Requests for streams that may wait for the shared thread. Those beyond are refused."""


class LiveStreamMiddleware:
    """Wraps a Django ASGI application and keeps the streams open that its views subscribe to.

    Until the view's answer is complete, this passes everything through. From then on Django's
    thread, request and database connection are free, and this sends updates to the client.

    Args:
        application: the application of ``django.core.asgi.get_asgi_application()``.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._hub: Hub | None = None
        self._is_stopping = False
        self._stop_signals = StopSignals(self._stop)
        self._slots = Slots()
        self._waiting = Slots()
        self._was_full = False
        self._shared_thread = SharedThread()
        self._sockets = Sockets()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await answer_lifespan(receive, send, self._stop)
        elif scope["type"] == "http" and not self._is_stopping:
            # At the first request, not at the first stream: a request that came before the signal
            # may open its stream after it.
            self._stop_signals.install()
            await self._serve(scope, Exchange(scope, receive, send))
        else:
            await self._application(scope, receive, send)

    async def _serve(self, scope: dict[str, Any], exchange: Exchange) -> None:
        """Have Django answer a request, then stream what the view has subscribed to."""
        handoff = exchange.handoff
        if scope["path"].endswith(STREAM_PATH):
            handoff.network = _get_network(scope)
            handoff.has_slot = self._has_slot
        if _accepts_stream(scope):
            await self._answer_in_turn(scope, exchange)
        else:
            await self._answer(scope, exchange)
        if is_cancelled():
            raise asyncio.CancelledError  # Django swallows it while it answers.
        if exchange.is_open and handoff.subscription:
            stream = await self._open(handoff.subscription, exchange, scope)
            if stream is not None:
                await self._stream(stream, exchange)

    # Django's answer.

    async def _answer(self, scope: dict[str, Any], exchange: Exchange) -> None:
        """Have Django answer, with a handoff in the scope."""
        if self._hub is not None:
            exchange.handoff.is_watching = self._hub.is_watching
            exchange.handoff.access = self._hub.access
        extensions = {**(scope.get("extensions") or {}), EXTENSION: exchange.handoff}
        scope = {**scope, "extensions": extensions}
        await self._application(scope, exchange.receive, exchange.send)

    async def _answer_in_turn(self, scope: dict[str, Any], exchange: Exchange) -> None:
        """Have Django answer a request for a stream; refuse it if too many wait already."""
        slot = self._waiting.acquire(exchange.handoff.network, _MAX_WAITING, _ignore_eviction)
        if slot is None:
            METRICS.refused += 1
            await exchange.refuse()
            return
        try:
            await self._answer_in_shared_thread(scope, exchange)
        finally:
            self._waiting.release(slot)

    async def _answer_in_shared_thread(self, scope: dict[str, Any], exchange: Exchange) -> None:
        """Have Django answer in the one thread for streams, where it would start one for each.

        Each request has a context of its own, so that none sets another's language; in all of them
        asgiref finds the same thread.
        """
        context = contextvars.copy_context()
        answer = self._answer(scope, exchange)
        loop = asyncio.get_running_loop()
        with self._shared_thread.use() as thread:
            context.run(SyncToAsync.thread_sensitive_context.set, thread)
            await loop.create_task(_as_coroutine(answer), context=context)

    async def _may_read(self, scope: dict[str, Any], subscription: Subscription) -> bool:
        """Repeat the client's request; return True if the view would subscribe to the same.

        Raises:
            RuntimeError: the site answered with a server error.
        """
        exchange = ProbeExchange(scope)
        await self._answer_in_shared_thread(scope, exchange)
        if exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            msg = f"The site answered {exchange.status}."
            raise RuntimeError(msg)
        now = exchange.handoff.subscription if exchange.is_open else None
        return now is not None and now.has_access_of(subscription)

    def _has_slot(self, owner: str) -> bool:
        """Return True if a stream would get a slot now. Called in Django's threads."""
        has_slot = self._slots.is_available(owner, conf.get("MAX_STREAMS"))
        was_full, self._was_full = self._was_full, self._slots.is_full
        if self._was_full and not was_full:
            logger.warning(
                "%d streams are open, as many as MAX_STREAMS allows; others poll.",
                self._slots.taken,
                extra={"event": "streams_full", "streams": self._slots.taken},
            )
        return has_slot

    # The stream after it.

    async def _open(
        self, subscription: Subscription, exchange: Exchange, scope: dict[str, Any]
    ) -> "_Stream | None":
        """Open a stream; if that is impossible, end the answer so that the client retries."""
        hub, stream = self._get_hub(), _Stream()
        slot = self._slots.acquire(subscription.owner, conf.get("MAX_STREAMS"), stream.evict)
        if slot is None:
            # Others got the last slots since the view called ``has_slot``.
            METRICS.refused += 1
            await exchange.end(encode_retry(retry_when_full()))
            return None
        may_read = partial(self._may_read, scope, subscription)
        try:
            stream.start(slot, await hub.open(subscription, may_read))
        except BaseException as error:
            self._slots.release(slot)
            if not isinstance(error, Exception):
                raise
            # The hub has reported the store's error, once for all streams.
            logger.info(
                "A stream of %r cannot be opened: %r",
                subscription.channel,
                error,
                extra={"event": "stream_open_failed", "channel": subscription.channel},
            )
            await exchange.end(encode_retry(_RETRY_MILLISECONDS))
            return None
        return stream

    def _get_hub(self) -> Hub:
        hub = self._hub
        if hub is None:
            hub = self._hub = Hub(get_store())
            stop_with_hypercorn(self._stop)
            if self._is_stopping:
                hub.close()
        return hub

    async def _stream(self, stream: "_Stream", exchange: Exchange) -> None:
        """Send updates until the stream ends and its connection has taken all of it."""
        subscriber = stream.subscriber
        listener = asyncio.create_task(exchange.wait_for_disconnect(subscriber))
        is_read = True
        try:
            # A task of its own: in this one every delivery would pass through all the
            # coroutines of server and middleware that wait for it to end.
            await asyncio.create_task(exchange.deliver(subscriber))
            if not exchange.is_disconnected:
                is_read = await exchange.connection.flush(self._get_drain_seconds, self._sockets)
        except OSError:
            pass  # The server raises it if the client has disconnected.
        except asyncio.CancelledError:
            if not subscriber.is_aborted:
                raise
            is_read = exchange.is_disconnected
        finally:
            try:
                if not is_read:
                    await self._cut(subscriber, exchange, listener)
            finally:
                # Not before: while the server keeps bytes for a client, its stream counts.
                self._get_hub().release(subscriber)
                self._slots.release(stream.slot)
                listener.cancel()

    async def _cut(
        self, subscriber: Subscriber, exchange: Exchange, listener: "asyncio.Task[None]"
    ) -> None:
        """Cut the connection of a client that does not read, and wait until that is done."""
        logger.info(
            "A client of %r stopped reading; its connection was cut.",
            subscriber.channel,
            extra={"event": "stream_given_up", "channel": subscriber.channel},
        )
        await exchange.connection.abort(self._sockets)
        # Servers report an incomplete answer as an error before they notice the disconnect.
        await asyncio.wait([listener], timeout=_STOP_SECONDS)

    def _get_drain_seconds(self) -> float:
        return _STOP_SECONDS if self._is_stopping else _DRAIN_SECONDS

    def _stop(self) -> None:
        """End every stream now, and open none from here on."""
        self._is_stopping = True
        if self._hub is not None:
            self._hub.close()


class _Stream:
    """A stream in its slot. It may be evicted even before it is open."""

    __slots__ = ("_is_evicted", "slot", "subscriber")

    slot: Slot
    subscriber: Subscriber

    def __init__(self) -> None:
        self._is_evicted = False

    def start(self, slot: Slot, subscriber: Subscriber) -> None:
        self.slot, self.subscriber = slot, subscriber
        if self._is_evicted:
            subscriber.abort("full")

    def evict(self) -> None:
        """End now, or as soon as it is open."""
        self._is_evicted = True
        if hasattr(self, "subscriber"):
            self.subscriber.abort("full")


def _accepts_stream(scope: dict[str, Any]) -> bool:
    # By its path too: a site may have slow event streams of its own.
    return scope["path"].endswith(STREAM_PATH) and any(
        name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"]
    )


def _get_network(scope: dict[str, Any]) -> str:
    """Return the network of the client's address, as far as the address is known."""
    header = conf.get("CLIENT_ADDRESS_HEADER").lower().encode("latin-1")
    for name, value in reversed(scope["headers"]) if header else ():
        if name.lower() == header:
            # The client itself may have sent all addresses but the last one.
            return network_of(value.decode("latin-1").rpartition(",")[2])
    return network_of((scope.get("client") or ("",))[0])


def _ignore_eviction() -> None:
    """Let a request that waits for the shared thread wait on."""


async def _as_coroutine(answer: Awaitable[None]) -> None:
    await answer
