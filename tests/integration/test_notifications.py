"""Notifications between processes by Unix sockets. They may be lost, without further effect."""

import asyncio
import contextlib
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dashboards.live.stores.notifications import UnixSocketNotifier


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch):
    """A temporary directory of the test's own, short enough for a socket's address."""
    with tempfile.TemporaryDirectory(prefix="socket-") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name) / f"dashboards-{os.getuid()}"


@contextlib.asynccontextmanager
async def listening(notifier: UnixSocketNotifier) -> AsyncIterator["asyncio.Queue[str]"]:
    received: asyncio.Queue[str] = asyncio.Queue()
    task = asyncio.create_task(notifier.listen(received.put_nowait))
    await asyncio.sleep(0.05)
    yield received
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextlib.contextmanager
def sender(identity: str = "shop"):
    notifier = UnixSocketNotifier(identity)
    yield notifier
    notifier.close()


async def test_notification_reaches_processes_of_same_store_only():
    with sender() as notifier, sender() as same, sender("another store") as other:
        async with listening(same) as received, listening(other) as other_received:
            notifier.send("shop.orders")
            assert await asyncio.wait_for(received.get(), 5) == "shop.orders"
            assert other_received.empty()


async def test_notification_skips_own_process():
    with sender() as notifier, sender() as same:
        async with listening(notifier) as own, listening(same) as received:
            notifier.send("shop.orders")
            await asyncio.wait_for(received.get(), 5)
            assert own.empty()


async def test_burst_of_notifications_merged():
    with sender() as notifier, sender() as same:
        async with listening(same) as received:
            for _ in range(20):
                notifier.send("shop.orders")
            assert await asyncio.wait_for(received.get(), 5) == "shop.orders"
            await asyncio.sleep(0.05)
            assert received.empty()


async def test_socket_of_killed_process_deleted(folder: Path):
    with sender() as notifier, sender() as same:
        async with listening(same) as received:
            [store] = folder.iterdir()
            dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            dead.bind(os.fspath(store / "dead.sock"))
            dead.close()
            notifier.send("shop.orders")
            await asyncio.wait_for(received.get(), 5)
            assert not (store / "dead.sock").exists()


async def test_listen_cancelled_deletes_socket(folder: Path):
    with sender() as same:
        async with listening(same):
            assert list(folder.iterdir())
        assert not list(folder.iterdir())


def test_send_without_listeners_does_nothing():
    with sender() as notifier:
        notifier.send("shop.orders")


async def test_full_socket_buffer_does_not_block_sender(folder: Path):
    with sender() as notifier, sender() as same:
        async with listening(same) as received:
            # The event loop does not run meanwhile, so nothing is read.
            for number in range(2000):
                notifier.send(f"shop.orders{number}")
            assert await asyncio.wait_for(received.get(), 5)


@pytest.mark.parametrize("what", ["open to others", "no folder"])
async def test_directory_open_to_others_not_used(folder: Path, caplog, what: str):
    if what == "no folder":
        folder.write_text("in the way")
    else:
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    with sender() as notifier:
        async with listening(notifier):
            assert "by polling only" in caplog.text


async def test_socket_path_too_long_falls_back_to_polling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with sender() as notifier:
        async with listening(notifier):
            assert not list(long.iterdir())
