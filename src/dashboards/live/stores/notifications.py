"""Notifications between the processes of one host, by datagrams on Unix sockets.

Each process has one socket. A notification is lost if a process runs as another user, in another
container or on a system without such sockets. Then the poll of the hub finds the update, later.
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
"""Called with the name of a channel that has a new version, or ``ALL_CHANNELS``, in any thread."""

ALL_CHANNELS = "*"
"""The notification that a listener gets when a connection is made: earlier ones may be lost, so it
reads every channel. No channel has this name.
"""

logger = logging.getLogger("dashboards.live")

_MAX_BYTES = 4096
# Read at once. The rest is read in the next iteration of the event loop.
_MAX_DATAGRAMS = 1000
# sockaddr_un holds 108 bytes with its NUL on Linux and 104 on the BSDs.
_MAX_PATH = 103


class UnixSocketNotifier:
    """Notifies the processes of this user on this host that share a store.

    Args:
        identity: names the store; the same text in every process that shares it.
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
        """Notify other processes of a new version of a channel. Never blocks and never raises."""
        if self._sender is None:
            return
        try:
            others = [
                entry.path for entry in os.scandir(self._folder) if entry.name not in self._own
            ]
        except OSError:
            return  # No process listens.
        for path in others:
            try:
                self._sender.sendto(channel.encode(), path)
            except ConnectionRefusedError:
                # Its process was killed, and could not remove its socket.
                with contextlib.suppress(OSError):
                    os.unlink(path)  # noqa: PTH108 - a plain path from scandir
            except OSError as error:
                logger.debug("A notification to %s was lost: %s", path, error)

    def close(self) -> None:
        """Close the sending socket."""
        if self._sender is not None:
            self._sender.close()

    async def listen(self, listener: Listener) -> None:
        """Call a listener with notifications until cancelled. If there can be none, only wait."""
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
                # Fails while other processes listen there, as it should.
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
                # The last listener has just removed the folder.
                _bind_in(self._folder, receiver, path)
        except OSError as error:
            receiver.close()
            logger.warning(
                "Notifications between processes of this host do not work (%s). Pages are updated "
                "by polling only.",
                error,
            )
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
    """Make a folder that only this user can use, in the shared temporary directory; return it.

    Raises:
        OSError: it cannot be made, or another user has made it.
    """
    folder = _private_folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not S_ISDIR(status.st_mode) or status.st_uid != _user() or status.st_mode & 0o077:
        msg = f"{folder} exists and is not a private folder of this user."
        raise PermissionError(msg)
    return folder


def _drain(receiver: socket.socket, listener: Listener) -> None:
    """Read the datagrams that have arrived, and pass on each channel once."""
    channels: set[bytes] = set()
    with contextlib.suppress(OSError):
        for _ in range(_MAX_DATAGRAMS):
            channels.add(receiver.recv(_MAX_BYTES))
    for channel in channels:
        listener(channel.decode(errors="replace"))
