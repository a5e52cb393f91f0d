"""``live/asgi/connections.py``: the connection under a stream.

``tests/integration/test_capacity.py`` has what real servers make of it.
"""

import asyncio
from typing import Any
from unittest import mock

import pytest

from dashboards.live.asgi.connections import Connection
from dashboards.live.asgi.sockets import Sockets


class Cycle:
    """As uvicorn's: the owner of ``send`` has the transport."""

    def __init__(self) -> None:
        self.transport = mock.create_autospec(asyncio.Transport, instance=True)
        self.transport.get_write_buffer_size.return_value = 7

    async def send(self, message: Any) -> None:
        raise NotImplementedError


async def test_flush_returns_false_if_the_connection_does_not_drain_in_time():
    cycle = Cycle()
    connection = Connection({"http_version": "1.1"}, cycle.send)
    assert not await connection.flush(lambda: 0.01, Sockets())
    cycle.transport.get_write_buffer_size.return_value = 0
    assert await connection.flush(lambda: 0.01, Sockets())
    await connection.abort(Sockets())
    cycle.transport.abort.assert_called_once_with()


@pytest.mark.parametrize("version", ["2", "3", ""])
async def test_connection_of_http_2_or_later_is_not_aborted(version: str):
    """Over HTTP/2 a proxy may have the streams of all its clients in one connection."""
    cycle = Cycle()
    connection = Connection({"http_version": version}, cycle.send)
    assert await connection.flush(lambda: 0.01, Sockets())
    await connection.abort(Sockets())
    cycle.transport.abort.assert_not_called()


async def test_send_of_an_unknown_server_is_not_replaced():
    async def send(message: Any) -> None:
        raise NotImplementedError

    connection = Connection({"http_version": "1.1", "client": None}, send)
    assert connection.controlled(send) is send
    assert await connection.flush(lambda: 0.01, Sockets())
    await connection.abort(Sockets())
