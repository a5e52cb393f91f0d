"""Calls after the commit of a transaction, also where Django does not tell of it.

While a project has autocommit turned off, Django refuses to register a call outside of ``atomic``:
a receiver of ours would make the save of an object fail. What is registered inside is called only
once autocommit is on again, which may never be.
"""

import logging
from collections.abc import Callable

from django.db import transaction

logger = logging.getLogger("dashboards.live")


def on_commit(call: Callable[[], None], using: str | None = None, *, robust: bool = False) -> None:
    """Call a function once the open transaction is committed; at once if none is open.

    At once, too, while a project has autocommit turned off: no call is lost.

    Args:
        call: the function.
        using: the alias of the database.
        robust: True to log an error of the function, not to raise it.
    """
    connection = transaction.get_connection(using)
    # Without commit_on_exit, autocommit was off when the outermost block began.
    if connection.in_atomic_block and connection.commit_on_exit:
        connection.on_commit(call, robust=robust)
        return
    try:
        call()
    except Exception:
        if not robust:
            raise
        logger.exception(
            "A call after a change in the database %r failed.",
            connection.alias,
            extra={"event": "commit_call_failed"},
        )
