"""One request and its answer: what the server receives and sends for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from dashboards.live.asgi.connections import Connection
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.subscription import StreamHandoff, retry_when_full
from dashboards.live.wire.frames import encode_retry

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# Any: other packages, such as Channels, have types of their own for scopes and events.
Application = Callable[[Any, Any, Any], Awaitable[None]]

_PART_BYTES = 64 * 1024
"""Bytes that are handed to the server at a time: what it keeps for a client that does not read."""


class Exchange:
    """Passes on the ``receive`` and ``send`` of one request, and may leave the answer open.

    Args:
        scope: the ASGI scope.
        receive: as the server gave it.
        send: as the server gave it.
    """

    __slots__ = (
        *("_connection", "_receive", "_scope", "_send"),
        *("handoff", "is_disconnected", "is_open", "status"),
    )

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._connection: Connection | None = None
        self.handoff = StreamHandoff()
        self.status = 0
        self.is_open = False
        """True if the answer was left open, for a stream."""
        self.is_disconnected = False

    @property
    def connection(self) -> Connection:
        """The connection under it."""
        if self._connection is None:
            self._connection = Connection(self._scope, self._send)
        return self._connection

    async def receive(self) -> Message:
        """Pass on, and remember a disconnect: not every server sends it twice."""
        event = await self._receive()
        if event["type"] == "http.disconnect":
            self.is_disconnected = True
        return event

    async def send(self, event: Message) -> None:
        """Pass on; leave the answer open if the view has left a subscription."""
        if event["type"] == "http.response.start":
            self.status = event["status"]
        if event["type"] == "http.response.start" and self.handoff.subscription:
            headers = [(name.lower(), value) for name, value in event["headers"]]
            # Middleware may have answered instead of the view, with an error or a redirect.
            self.is_open = event["status"] == HTTPStatus.OK and any(
                name == b"content-type" and value.startswith(b"text/event-stream")
                for name, value in headers
            )
            if self.is_open:
                event = {**event, "headers": [each for each in headers if not _is_finite(*each)]}
        elif event["type"] == "http.response.body" and self.is_open:
            event = {**event, "more_body": True}
        await self._send(event)

    async def end(self, body: bytes = b"") -> None:
        """Send the last bytes of an answer that was left open."""
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def refuse(self) -> None:
        """Answer, without Django, that nothing changed, and when the page shall retry."""
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store, private"),
        ]
        await self._send(
            {"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers}
        )
        await self.end(encode_retry(retry_when_full()))

    async def deliver(self, subscriber: Subscriber) -> None:
        """Send the subscriber's updates until its stream ends."""
        self._send = send = self.connection.controlled(self._send)

        def write(body: bytes) -> Awaitable[None]:
            if len(body) > _PART_BYTES:
                return self._write_parts(body, subscriber)
            # Not a coroutine around a coroutine: this runs once for each delivery.
            return send({"type": "http.response.body", "body": body, "more_body": True})

        await subscriber.deliver(write)
        if not self.is_disconnected:
            await self.end()

    async def _write_parts(self, body: bytes, subscriber: Subscriber) -> None:
        for start in range(0, len(body), _PART_BYTES):
            part = body[start : start + _PART_BYTES]
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
            subscriber.note_progress()

    async def wait_for_disconnect(self, subscriber: Subscriber) -> None:
        """Abort the subscriber when its client disconnects."""
        while not self.is_disconnected:
            await self.receive()
        # Not every server ends a write that waits for a client which has disconnected.
        subscriber.abort("gone")


class ProbeExchange(Exchange):
    """A request without a client: only its status and its handoff are looked at.

    Args:
        scope: the ASGI scope of an earlier request, which is repeated without a body.
    """

    __slots__ = ("_is_received",)

    def __init__(self, scope: Mapping[str, Any]) -> None:
        super().__init__(scope, self._receive_once, self._drop)
        self._is_received = False

    async def _receive_once(self) -> Message:
        if self._is_received:
            await asyncio.Event().wait()
        self._is_received = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _drop(self, event: Message) -> None:
        pass


def _is_finite(name: bytes, value: bytes) -> bool:
    """Return True for a header that is true only of the finished answer."""
    # The view sets "identity" to keep GZipMiddleware away; to a client it means nothing.
    return name == b"content-length" or (name, value) == (b"content-encoding", b"identity")
