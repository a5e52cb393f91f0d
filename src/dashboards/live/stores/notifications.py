"""Hints between the processes of one host: datagrams on Unix sockets, one socket a process.

A hint is lost where a process runs as another user, in another container or on a system without
such sockets. The poll behind it then carries the news, only later.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR

Listener = Callable[[str], None]
"""Takes the name of a channel that has news, or ``ALL_CHANNELS``. Called from any thread."""

ALL_CHANNELS = "*"
"""What is heard when a wire begins to carry hints: those before were lost, so look at everything.

No channel is called so.
"""

logger = logging.getLogger("dashboards.live")

_MAX_BYTES = 4096
# Then the event loop has its turn; what is left is read next.
_MOST_AT_ONCE = 1000
# sockaddr_un holds 108 bytes with its NUL on Linux and 104 on the BSDs.
_MAX_PATH = 103


class UnixSocketNotifier:
    """Everybody on this host, of this user, who hears about the same store.

    Args:
        identity: what names the store; the same text in every process that shares it.
    """

    def __init__(self, identity: str) -> None:
        digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
        self._folder = _private_folder() / digest
        self._own: set[str] = set()
        self._sender = (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if hasattr(socket, "AF_UNIX") else None
        )
        if self._sender:
            self._sender.settimeout(0)

    def send(self, channel: str) -> None:
        """Tell the others that ``channel`` has news. Never blocks and never raises."""
        if self._sender is None:
            return
        try:
            others = [
                entry.path for entry in os.scandir(self._folder) if entry.name not in self._own
            ]
        except OSError:
            return  # Nobody listens.
        for path in others:
            try:
                self._sender.sendto(channel.encode(), path)
            except ConnectionRefusedError:
                # Its process was killed and could not take its socket along.
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - a plain path from scandir
            except OSError as error:
                logger.debug("A hint to %s was lost: %s", path, error)

    def close(self) -> None:
        """Close the sending socket."""
        if self._sender is not None:
            self._sender.close()

    async def listen(self, listener: Listener) -> None:
        """Hear hints until cancelled; only waits where there can be none."""
        name = f"{secrets.token_hex(6)}.sock"
        receiver = self._bind(name)
        if receiver is None:
            await asyncio.Event().wait()
            return
        loop = asyncio.get_running_loop()
        self._own.add(name)
        try:
            loop.add_reader(receiver.fileno(), _drain, receiver, listener)
            await asyncio.Event().wait()
        finally:
            loop.remove_reader(receiver.fileno())
            receiver.close()
            self._own.discard(name)
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()
                # Fails, as it should, while others listen there.
                self._folder.rmdir()

    def _bind(self, name: str) -> socket.socket | None:
        path = self._folder / name
        if self._sender is None or len(os.fsencode(path)) > _MAX_PATH:
            return None
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.settimeout(0)
        try:
            make_private_folder()
            try:
                _bind_in(self._folder, receiver, path)
            except FileNotFoundError:
                # The last listener has just taken the folder away.
                _bind_in(self._folder, receiver, path)
        except OSError as error:
            receiver.close()
            logger.warning("No hints on this host, only the poll: %s", error)
            return None
        return receiver


def _bind_in(folder: Path, receiver: socket.socket, path: Path) -> None:
    folder.mkdir(exist_ok=True)
    receiver.bind(os.fspath(path))


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _private_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"dashboards-{_user()}"


def make_private_folder() -> Path:
    """Make the folder in the shared temporary directory that is this user's alone, and return it.

    Raises:
        OSError: it cannot be made, or somebody else has made it.
    """
    folder = _private_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not S_ISDIR(status.st_mode) or status.st_uid != _user() or status.st_mode & 0o077:
        msg = f"{folder} exists and is not a private folder of this user."
        raise PermissionError(msg)
    return folder


def _drain(receiver: socket.socket, listener: Listener) -> None:
    """Read what has arrived, and tell each channel once."""
    channels: set[bytes] = set()
    with contextlib.suppress(OSError):
        for _ in range(_MOST_AT_ONCE):
            channels.add(receiver.recv(_MAX_BYTES))
    for channel in channels:
        listener(channel.decode(errors="replace"))
