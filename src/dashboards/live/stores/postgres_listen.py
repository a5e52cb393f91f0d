"""Hints by PostgreSQL's ``LISTEN`` and ``NOTIFY``. Imported only where psycopg 3 is."""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

_TOPIC = "dashboards_live"
# A dead network is noticed within a minute, where PostgreSQL's client would wait for two hours.
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


def notify(database: BaseDatabaseWrapper, payload: str) -> None:
    """Send with the transaction: on commit to everybody, on rollback to nobody."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [_TOPIC, payload])


async def listen(
    parameters: Mapping[str, Any], begun: Callable[[], None], heard: Callable[[str], None]
) -> None:
    """Listen on a connection of its own until that fails.

    Args:
        parameters: what Django would open a connection with.
        begun: told when it listens.
        heard: takes each payload.
    """
    parameters = {**_KEEPALIVES, **parameters, "autocommit": True}
    # Django's is for its own, synchronous connections.
    parameters.pop("cursor_factory", None)
    async with await psycopg.AsyncConnection.connect(**parameters) as connection:
        await connection.execute(f"LISTEN {_TOPIC}")
        begun()
        async for notification in connection.notifies():
            heard(notification.payload)
