"""Calls after the commit of a transaction, also where Django manages none.

With autocommit off, Django refuses to register a call outside of ``atomic``: a receiver of ours
would make the save of an object fail.
"""

from collections.abc import Callable

from django.db import transaction


def on_commit(call: Callable[[], None], using: str | None = None, *, robust: bool = False) -> None:
    """Call a function once the open transaction is committed; at once if none is open.

    With autocommit off, it is called when autocommit is on again, as Django does with those that
    ``atomic`` has registered.

    Args:
        call: the function.
        using: the alias of the database.
        robust: True to log an error of the function, not to raise it.
    """
    connection = transaction.get_connection(using)
    if connection.in_atomic_block or connection.get_autocommit():
        connection.on_commit(call, robust=robust)
        return
    with transaction.atomic(using=using, savepoint=False):
        connection.on_commit(call, robust=robust)
