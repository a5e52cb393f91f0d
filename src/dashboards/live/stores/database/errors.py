"""The errors of databases: unreachable, deadlocked, or a row that cannot be read."""

from django.db import InterfaceError, OperationalError, connections

_MYSQL_DEADLOCK = 1213
# PostgreSQL: too many connections; stopping, crashed, not ready yet, database dropped.
_POSTGRESQL_UNAVAILABLE = frozenset(("53300", "57P01", "57P02", "57P03", "57P04"))
# MySQL and MariaDB: too many connections, shutting down, no such host, access denied, refused, gone
# away, lost, killed. The numbers are the client's (2000 and more) or the server's.
_MYSQL_UNAVAILABLE = frozenset(
    [
        *(0, 1040, 1044, 1045, 1049, 1053, 1129, 1130, 1203, 1226, 1927),
        *(2002, 2003, 2005, 2006, 2013, 2026, 2055),
    ]
)
# SQLite: busy, locked, an error of the disk, cannot be opened. It has no connection that could
# fail: these are the errors that end by themselves.
_SQLITE_UNAVAILABLE = frozenset((5, 6, 10, 14))


def is_unavailable(using: str, error: Exception) -> bool:
    """Return True if the connection failed, or could not be opened."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    vendor, cause = connections[using].vendor, error.__cause__
    if vendor == "postgresql":
        # Without a state the error is the client's: it could not reach the server.
        state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
        return state is None or state[:2] == "08" or state in _POSTGRESQL_UNAVAILABLE
    if vendor == "mysql":
        return bool(error.args) and error.args[0] in _MYSQL_UNAVAILABLE
    if vendor == "sqlite":
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_UNAVAILABLE
    return True


def is_damage(using: str, error: Exception) -> bool:
    """Return True if a row could not be read because of its content.

    SQLite stores any bytes in a column of any type; other databases check them.
    """
    if connections[using].vendor != "sqlite":
        return False
    if isinstance(error, OperationalError):
        return "decode" in str(error)
    return isinstance(error, AttributeError | TypeError | ValueError)


def is_deadlock(error: Exception) -> bool:
    """Return True if MySQL or MariaDB rolled back a transaction because of another one."""
    return isinstance(error, OperationalError) and error.args[0] == _MYSQL_DEADLOCK
