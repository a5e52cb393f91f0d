"""Calls after the commit of a transaction, also where Django manages none.

With autocommit off, Django refuses to register a call outside of ``atomic``: a receiver of ours
would make the save of an object fail.
"""

from collections.abc import Callable

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper


def on_commit(call: Callable[[], None], using: str | None = None, *, robust: bool = False) -> None:
    """Call a function once the open transaction is committed; at once if none is open.

    While autocommit is off, it is called when it is on again, as Django does with those that
    ``atomic`` has registered. Where ``DATABASES`` turns it off (check ``dashboards.W055``), Django
    tells of no commit, and the function is called at once.

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
    if not connection.settings_dict["AUTOCOMMIT"]:
        connection.run_and_clear_commit_hooks()


def is_in_transaction(connection: BaseDatabaseWrapper) -> bool:
    """Return True if a transaction is open, and Django is going to tell of its commit."""
    if connection.in_atomic_block:
        return True
    is_connected = connection.connection is not None
    return is_connected and not connection.autocommit and connection.settings_dict["AUTOCOMMIT"]
