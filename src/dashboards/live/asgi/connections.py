"""The connection under an ASGI exchange: how much waits in it, and how to cut it.

ASGI lets an application neither cut a connection nor find out that a client does not read. Each
server needs a way of its own:

* uvicorn, and gunicorn with uvicorn's worker: ``send`` is a method of the cycle, which has the
  transport.
* hypercorn: through its stream and its protocol.
* daphne: its ``send`` never waits, so a Twisted producer reports when the buffer is full.
* granian, and any other server: the socket, found among the process's sockets by the two
  addresses of the connection.

Over HTTP/2 one connection may carry streams of many clients, so it is never cut.

Pure: standard library only.
"""

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_POLL_SECONDS = 0.1
# The kernel then drops what it has not sent, and does not keep the connection for minutes.
_NO_LINGER = struct.pack("ii", 1, 0)


class Connection:
    """The connection that carries an answer.

    Args:
        scope: the ASGI scope.
        send: as the server gave it.
    """

    __slots__ = ("_flow", "_request", "_scope", "_transport")

    def __init__(self, scope: Mapping[str, Any], send: Send) -> None:
        is_own = str(scope.get("http_version", "")).startswith("1")
        self._scope = scope if is_own else None
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

    @property
    def unsent(self) -> int:
        """The number of bytes in the server's buffer; 0 if that is unknown."""
        if self._transport is not None:
            return int(self._transport.get_write_buffer_size())
        channel = getattr(self._request, "channel", None)
        if channel is None:  # Another server, or its answer is complete.
            return 0
        transport = channel.transport
        return len(getattr(transport, "dataBuffer", b"")) + getattr(transport, "_tempDataLen", 0)

    async def flush(self, seconds: Callable[[], float]) -> bool:
        """Wait until all is sent, and return True; return False when the time is over.

        Args:
            seconds: returns the time that it may take. It is called repeatedly, because the time
                gets shorter when the server stops.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        while self.unsent:
            if loop.time() > began + seconds():
                return False
            await asyncio.sleep(_POLL_SECONDS)
        return True

    async def abort(self) -> None:
        """Cut the connection, and drop the bytes in its buffers."""
        if self._flow is not None:
            self._flow.close()
        if self._transport is not None:
            _set_no_linger(self._transport.get_extra_info("socket"))
            self._transport.abort()
        elif (channel := getattr(self._request, "channel", None)) is not None:
            channel.transport.abortConnection()
        elif self._scope is not None:
            # It looks at each open file of the process.
            await asyncio.to_thread(_shut_down, self._scope)


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


def _shut_down(scope: Mapping[str, Any]) -> None:
    """Shut down the socket of this process that connects the scope's client and server."""
    client, server = scope.get("client"), scope.get("server")
    if not client or not server:
        return  # A Unix socket, whose clients have no address.
    ends = (_end(client), _end(server))
    for name in os.listdir("/dev/fd") if os.path.isdir("/dev/fd") else ():  # noqa: PTH112, PTH208
        with contextlib.suppress(OSError):  # Closed meanwhile, or not connected.
            number = int(name)
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as found:
                if (_end(found.getpeername()), _end(found.getsockname())) == ends:
                    _set_no_linger(found)
                    found.shutdown(socket.SHUT_RDWR)
                    return


def _end(address: Any) -> tuple[str, ...]:
    # granian gives ports as text; a Unix socket has no such address.
    return tuple(map(str, address[:2])) if isinstance(address, tuple | list) else ()


def _set_no_linger(connection: Any) -> None:
    with contextlib.suppress(OSError, AttributeError):  # Already closed, or not TCP.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
