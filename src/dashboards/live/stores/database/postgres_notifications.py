"""Notifications by PostgreSQL's ``LISTEN`` and ``NOTIFY``. Imported only with psycopg 3."""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

_TOPIC = "dashboards_live"
# A dead network is noticed within a minute; by default PostgreSQL's client waits two hours.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def notify(database: BaseDatabaseWrapper, payload: str) -> None:
    """Send a payload to all listeners when the transaction is committed."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [_TOPIC, payload])


async def listen(
    parameters: Mapping[str, Any], on_begin: Callable[[], None], receive: Callable[[str], None]
) -> None:
    """Listen on a new connection until it fails.

    Args:
        parameters: those with which Django opens a connection.
        on_begin: called when it listens.
        receive: called with each payload.
    """
    parameters = {**_KEEPALIVES, **parameters, "autocommit": True}
    # Django's cursors are for synchronous connections.
    parameters.pop("cursor_factory", None)
    async with await psycopg.AsyncConnection.connect(**parameters) as connection:
        await connection.execute(f"LISTEN {_TOPIC}")
        on_begin()
        async for notification in connection.notifies():
            receive(notification.payload)
