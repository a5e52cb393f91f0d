"""The connection under an ASGI exchange: how much waits in it, and how to cut it.

ASGI lets an application neither cut a connection nor find out that a client does not read. Each
server needs a way of its own:

* uvicorn, and gunicorn with uvicorn's worker: ``send`` is a method of the cycle, which has the
  transport.
* hypercorn: through its stream and its protocol.
* daphne: its ``send`` never waits, so a Twisted producer reports when the buffer is full.
* granian, and any other server: the socket, found among the process's sockets by the two
  addresses of the connection. While the kernel has bytes for it, the server may have more.

Over HTTP/2 one connection may carry streams of many clients, so it is never cut.

Pure: standard library only.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dashboards.live.asgi.sockets import (
    Sockets,
    count_unsent,
    get_ends,
    set_no_linger,
    shut_down,
)

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_POLL_SECONDS = 0.1
_TWISTED_BUFFERS = ("dataBuffer", "_tempDataLen")
"""Attributes of Twisted's transports: the bytes that are not sent, and the number of more."""


class Connection:
    """The connection that carries an answer.

    Args:
        scope: the ASGI scope.
        send: as the server gave it.
    """

    __slots__ = ("_descriptor", "_ends", "_flow", "_request", "_transport")

    def __init__(self, scope: Mapping[str, Any], send: Send) -> None:
        is_own = str(scope.get("http_version", "")).startswith("1")
        self._ends = get_ends(scope) if is_own else None
        self._descriptor: int | None = None
        self._request = _twisted_request(send) if is_own else None
        self._transport = _transport(send) if is_own else None
        self._flow: _Flow | None = None

    def controlled(self, send: Send) -> Send:
        """Return a ``send`` that waits while the client does not read.

        It is ``send`` itself if the server's own waits already.
        """
        if self._request is None:
            return send
        flow = self._flow = _Flow(self._request)

        async def wait_and_send(message: Mapping[str, Any]) -> None:
            await flow.is_open.wait()
            if not message.get("more_body"):
                flow.close()
            await send(message)

        return wait_and_send

    async def _has_unsent(self, sockets: Sockets) -> bool:
        """Return True if the server may have bytes that it has not sent."""
        if self._transport is not None:
            return self._transport.get_write_buffer_size() > 0
        if self._request is not None:
            channel = getattr(self._request, "channel", None)
            if channel is None:  # Its answer is complete.
                return False
            parts = (getattr(channel.transport, each, None) for each in _TWISTED_BUFFERS)
            return any(parts)
        if self._ends is None:
            return False
        try:
            descriptor = await self._find(sockets)
        except (OSError, TimeoutError, RuntimeError):  # Not known.
            return True
        return descriptor is not None and count_unsent(descriptor, self._ends) > 0

    async def _find(self, sockets: Sockets) -> int | None:
        if self._descriptor is None and self._ends is not None:
            self._descriptor = await sockets.find(self._ends)
        return self._descriptor

    async def flush(self, seconds: Callable[[], float], sockets: Sockets) -> bool:
        """Wait until all is sent, and return True; return False when the time is over.

        Args:
            seconds: returns the time that it may take. It is called repeatedly, because the time
                gets shorter when the server stops.
            sockets: finds the socket of a server that shows nothing of its connections.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while await self._has_unsent(sockets):
            if loop.time() > began + seconds():
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True

    async def abort(self, sockets: Sockets) -> None:
        """Cut the connection, and drop the bytes in its buffers.

        Args:
            sockets: finds the socket of a server that shows nothing of its connections.
        """
        if self._flow is not None:
            self._flow.close()
        if self._transport is not None:
            set_no_linger(self._transport.get_extra_info("socket"))
            self._transport.abort()
        elif (channel := getattr(self._request, "channel", None)) is not None:
            channel.transport.abortConnection()
        elif self._ends is not None:
            with contextlib.suppress(OSError, TimeoutError, RuntimeError):
                if (descriptor := await self._find(sockets)) is not None:
                    shut_down(descriptor, self._ends)


class _Flow:
    """A Twisted producer: open while the transport's buffer has room."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self.is_open = asyncio.Event()
        self.is_open.set()
        request.registerProducer(self, True)  # noqa: FBT003 - Twisted's signature

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.is_open.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.is_open.set()

    def close(self) -> None:
        """Unregister, so that the request can end: Twisted reports a producer that is left."""
        if self._request.producer is self and getattr(self._request, "channel", None):
            self._request.unregisterProducer()


def _transport(send: Send) -> asyncio.Transport | None:
    """Return uvicorn's or hypercorn's transport."""
    owner = getattr(send, "__self__", None)
    transport = getattr(owner, "transport", None)
    if transport is None:
        for _ in range(2):  # From the stream to the protocol, then to the server.
            owner = getattr(getattr(owner, "send", None), "__self__", None)
        transport = getattr(getattr(owner, "writer", None), "transport", None)
    is_usable = all(
        hasattr(transport, name) for name in ("abort", "get_write_buffer_size", "get_extra_info")
    )
    return transport if is_usable else None


def _twisted_request(send: Send) -> Any:
    """Return daphne's request."""
    arguments: Any = getattr(send, "args", ())
    request = arguments[0] if len(arguments) == 1 else None
    transport = getattr(getattr(request, "channel", None), "transport", None)
    is_twisted = hasattr(request, "registerProducer") and hasattr(transport, "abortConnection")
    return request if is_twisted else None
