"""The sockets of this process, for servers that show neither their connections nor their buffers.

Pure: standard library only.
"""

import asyncio
import contextlib
import errno
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from typing import Any

try:
    import fcntl
    import termios
except ImportError:  # Windows, where the kernel does not tell.
    _UNSENT: int | None = None
else:
    _UNSENT = getattr(termios, "TIOCOUTQ", None)

Ends = tuple[tuple[str, ...], tuple[str, ...]]
"""The addresses of a connection: the client's and the server's. The server's may be the one that it
listens on, such as ``0.0.0.0``."""

_ANY_HOST = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound

# The kernel then drops what it has not sent, and does not keep the connection for minutes.
_NO_LINGER = struct.pack("ii", 1, 0)
_NONBLOCK: int = getattr(socket, "SOCK_NONBLOCK", 0)
_SEARCH_SECONDS = 2.0
"""The longest time that a caller waits for a search."""
_PAUSE = 10
"""The time between two searches, as a multiple of the time that one takes."""
_MAX_PAUSE_SECONDS = 0.5


def get_ends(scope: Mapping[str, Any]) -> Ends | None:
    """Return the addresses in an ASGI scope; ``None`` for a Unix socket, which has none."""
    client, server = scope.get("client"), scope.get("server")
    return (_end(client), _end(server)) if client and server else None


def set_no_linger(connection: Any) -> None:
    """Have the kernel drop what it has not sent when the connection is closed."""
    with contextlib.suppress(OSError, AttributeError):  # Already closed, or not TCP.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)


class Sockets:
    """Finds the sockets of this process by the addresses of their connections."""

    def __init__(self) -> None:
        self._wanted: list[tuple[Ends, Future[int | None]]] = []
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    async def find(self, ends: Ends) -> int | None:
        """Return the file descriptor of a connection's socket; ``None`` if there is none.

        A search looks at each open file of the process. All that ask at the same time share one.

        Raises:
            OSError: the process may open no more files.
            TimeoutError: the search takes too long.
            RuntimeError: no thread can be started.
        """
        future: Future[int | None] = Future()
        with self._lock:
            # In a forked process the thread does not exist.
            if self._thread is None or not self._thread.is_alive():
                # A daemon, because it must not keep the process from ending.
                thread = threading.Thread(target=self._search, daemon=True)
                thread.start()
                self._thread = thread
            self._wanted.append((ends, future))
        return await asyncio.wait_for(asyncio.wrap_future(future), _SEARCH_SECONDS)

    def _search(self) -> None:
        while wanted := self._take():
            began = time.monotonic()
            error: Exception | None = None
            found: Mapping[Ends, int] = {}
            try:
                found = _find({ends for ends, _ in wanted})
            except Exception as raised:  # noqa: BLE001 - raised again by ``find``
                error = raised
            for ends, future in wanted:
                if not future.set_running_or_notify_cancel():
                    continue
                if error is None:
                    future.set_result(found.get(ends))
                else:
                    future.set_exception(error)
            # With thousands of open files, searches one after the other would take a processor.
            time.sleep(min(_MAX_PAUSE_SECONDS, _PAUSE * (time.monotonic() - began)))

    def _take(self) -> list[tuple[Ends, "Future[int | None]"]]:
        with self._lock:
            wanted, self._wanted = self._wanted, []
            if not wanted:
                self._thread = None
        return wanted


def count_unsent(descriptor: int, ends: Ends) -> int:
    """Return how many bytes the kernel has that the client has not received.

    The server may have more, and has none if the kernel has none.
    """
    if _UNSENT is not None:
        with contextlib.suppress(OSError, ValueError), _borrowed(descriptor) as connection:
            if ends in _all_ends(connection):
                return int.from_bytes(fcntl.ioctl(connection, _UNSENT, bytes(4)), sys.byteorder)
    return 0


def shut_down(descriptor: int, ends: Ends) -> None:
    """Shut down a connection, and drop what the kernel has not sent."""
    with contextlib.suppress(OSError, ValueError), _borrowed(descriptor) as connection:
        if ends in _all_ends(connection):
            set_no_linger(connection)
            connection.shutdown(socket.SHUT_RDWR)


def _find(wanted: AbstractSet[Ends]) -> Mapping[Ends, int]:
    """Return the descriptors of sockets of this process by their addresses."""
    clients = {client for client, _ in wanted}
    found: dict[Ends, int] = {}
    for name in _list_open_files():
        # Any of them may be closed meanwhile, be no socket, or not be connected.
        with contextlib.suppress(OSError, ValueError):
            with _borrowed(int(name)) as connection:
                client = _end(connection.getpeername())
                if client in clients:
                    found.update((each, int(name)) for each in _all_ends(connection) & wanted)
            if len(found) == len(wanted):
                break
    return found


def _all_ends(connection: socket.socket) -> AbstractSet[Ends]:
    """Return the addresses of a connection, as each server gives them."""
    client, (host, *port) = _end(connection.getpeername()), _end(connection.getsockname())
    return {(client, (each, *port)) for each in (host, *_ANY_HOST)}


def _list_open_files() -> Sequence[str]:
    """Return the numbers of the process's open files; none where the system does not tell."""
    try:
        return os.listdir("/dev/fd")  # noqa: PTH208 - a path of text
    except OSError as error:
        if error.errno in {errno.EMFILE, errno.ENFILE}:
            raise
        return ()


@contextlib.contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    """Return an object for a socket that belongs to others, and leave it open.

    Not a copy of it: there may be no descriptor left. The server may close it at any time.

    Raises:
        OSError: it is closed by now, or no socket; or Python would change it.
    """
    # Where a default timeout is set, Python makes each new socket object non-blocking, and with it
    # the socket itself, for all that have it. It does not if this flag says that it is already.
    if not _NONBLOCK and socket.getdefaulttimeout() is not None:
        raise OSError
    connection = socket.socket(type=socket.SOCK_STREAM | _NONBLOCK, proto=0, fileno=descriptor)
    try:
        yield connection
    finally:
        connection.detach()


def _end(address: Any) -> tuple[str, ...]:
    # granian gives ports as text; a Unix socket has no such address.
    return tuple(map(str, address[:2])) if isinstance(address, tuple | list) else ()
