"""``live/asgi/sockets.py``: the sockets of this process."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from dashboards.live.asgi.sockets import Ends, SendQueues, get_ends, shut_down


@pytest.fixture
def connection() -> Iterator[tuple[socket.socket, socket.socket, Ends]]:
    """Return the sockets of a client and its server, and their addresses as granian has them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        server, _ = listening.accept()
    with client, server:
        (host, port), (server_host, server_port) = client.getsockname(), server.getsockname()
        ends = get_ends({"client": (host, str(port)), "server": (server_host, server_port)})
        assert ends
        yield client, server, ends


async def test_bytes_that_a_client_does_not_read_are_unsent_until_it_does(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    client, server, ends = connection
    queues = SendQueues()
    assert not await queues.has_unsent(ends)
    server.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while server.send(bytes(100_000)):
            pass
    # Those that ask at the same time share one look.
    assert await asyncio.gather(*(queues.has_unsent(ends) for _ in range(3))) == [True] * 3
    client.setblocking(False)
    while await queues.has_unsent(ends):
        with contextlib.suppress(BlockingIOError):
            client.recv(100_000)


async def test_socket_of_a_connection_is_shut_down(
    connection: tuple[socket.socket, socket.socket, Ends],
):
    client, _, ends = connection
    shut_down(ends)
    client.settimeout(10)
    assert client.recv(1) == b""
