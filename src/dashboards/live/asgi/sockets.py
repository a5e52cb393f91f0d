"""The sockets of this process, for servers that show neither their connections nor their buffers.

Pure: standard library only.
"""

import asyncio
import contextlib
import os
import socket
import stat
import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

try:
    import fcntl
    import termios
except ImportError:  # Windows, where the kernel does not tell.
    _UNSENT = None
else:
    _UNSENT = termios.TIOCOUTQ

Ends = tuple[tuple[str, ...], tuple[str, ...]]
"""The addresses of a connection: the client's and the server's."""

# The kernel then drops what it has not sent, and does not keep the connection for minutes.
_NO_LINGER = struct.pack("ii", 1, 0)


def get_ends(scope: Mapping[str, Any]) -> Ends | None:
    """Return the addresses in an ASGI scope; ``None`` for a Unix socket, which has none."""
    client, server = scope.get("client"), scope.get("server")
    return (_end(client), _end(server)) if client and server else None


def shut_down(ends: Ends) -> None:
    """Shut down the socket of a connection, and drop what the kernel has not sent."""
    for _, found in _find([ends]):
        set_no_linger(found)
        with contextlib.suppress(OSError):  # Closed meanwhile.
            found.shutdown(socket.SHUT_RDWR)


def set_no_linger(connection: Any) -> None:
    """Have the kernel drop what it has not sent when the connection is closed."""
    with contextlib.suppress(OSError, AttributeError):  # Already closed, or not TCP.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


class SendQueues:
    """The bytes of connections that the kernel has not sent.

    All that ask at the same time share one look at the open files of the process.
    """

    def __init__(self) -> None:
        self._asked: dict[Ends, asyncio.Future[bool]] = {}
        self._task: asyncio.Task[None] | None = None

    async def has_unsent(self, ends: Ends) -> bool:
        """Return True if the kernel has bytes that the client has not received.

        Then the server may have more. It has none if the kernel has none.
        """
        future = self._asked.setdefault(ends, asyncio.get_running_loop().create_future())
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        return await asyncio.shield(future)

    async def _look(self) -> None:
        while self._asked:
            asked, self._asked = self._asked, {}
            unsent = await asyncio.to_thread(_get_unsent, asked.keys())
            for ends, future in asked.items():
                future.set_result(ends in unsent)
        self._task = None


def _get_unsent(asked: Collection[Ends]) -> set[Ends]:
    return {ends for ends, found in _find(asked) if _count_unsent(found)}


def _count_unsent(connection: socket.socket) -> int:
    if _UNSENT is None:
        return 0
    with contextlib.suppress(OSError):  # Not known of this kind of socket.
        return int.from_bytes(fcntl.ioctl(connection, _UNSENT, bytes(4)), sys.byteorder)
    return 0


def _find(wanted: Collection[Ends]) -> Iterator[tuple[Ends, socket.socket]]:
    """Yield the sockets of this process that connect two of these addresses."""
    try:
        names = os.listdir("/dev/fd")  # noqa: PTH208 - a path of text
    except OSError:  # There is no such folder, or the process may open no more files.
        return
    for name in names:
        with contextlib.suppress(OSError):  # Closed meanwhile, or not connected.
            number = int(name)
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as found:
                ends = (_end(found.getpeername()), _end(found.getsockname()))
                if ends in wanted:
                    yield ends, found


def _end(address: Any) -> tuple[str, ...]:
    # granian gives ports as text; a Unix socket has no such address.
    return tuple(map(str, address[:2])) if isinstance(address, tuple | list) else ()
