"""The system checks of a ``DatabaseStore``."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the framework's name
from django.db import connections, router

from dashboards.live.stores.base import is_positive
from dashboards.models import Channel, Frame, Lease

_OPTIONS = {"using", "poll_seconds"}

_TABLES = sorted(each._meta.db_table for each in (Channel, Frame, Lease))  # noqa: SLF001 - public by custom

_CHARACTER_SETS: Mapping[str, tuple[str, Sequence[str] | None]] = {
    "mysql": (
        """
        SELECT character_set_name FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name IN (%s, %s, %s)
        AND character_set_name IS NOT NULL
        """,
        _TABLES,
    ),
    "postgresql": ("SHOW server_encoding", None),
}
"""The query of the character sets of the tables, and its parameters, by vendor."""

_WHOLE_CHARACTER_SETS = {"utf8mb4", "UTF8", "SQL_ASCII"}
"""Those that keep any character. SQL_ASCII keeps the bytes as they are."""


def check_options(
    options: Mapping[str, Any], using: str, poll_seconds: float
) -> Sequence[CheckMessage]:
    """Check the options, the routers, and that SQLite can read and write at the same time."""
    unknown = sorted(set(options) - _OPTIONS)
    if unknown:
        return [
            Error(
                f"Unknown OPTIONS of DatabaseStore: {', '.join(unknown)}.",
                hint=f"Allowed are {', '.join(sorted(_OPTIONS))}.",
                id="dashboards.E004",
            )
        ]
    if using not in connections.settings:
        return [
            Error(
                f"DatabaseStore uses the database {using!r}, which DATABASES lacks.",
                hint=f"Set OPTIONS['using'] to one of {', '.join(connections.settings)}.",
                id="dashboards.E005",
            )
        ]
    if not is_positive(poll_seconds):
        return [
            Error(
                "OPTIONS['poll_seconds'] of DatabaseStore must be a number above 0, got "
                f"{poll_seconds!r}.",
                hint="Leave it out for the default.",
                id="dashboards.E011",
            )
        ]
    if not router.allow_migrate_model(using, Channel):
        return [
            Error(
                f"DatabaseStore keeps live state in the database {using!r}, but "
                "DATABASE_ROUTERS do not let its tables be made there.",
                hint=(
                    f'Let allow_migrate("{using}", "dashboards") of a router return True, '
                    "or name the database that has the tables in OPTIONS['using']."
                ),
                id="dashboards.E042",
            )
        ]
    database = connections[using]
    options = database.settings_dict.get("OPTIONS", {})
    if database.vendor == "sqlite" and "wal" not in str(options.get("init_command")).lower():
        return [
            Warning(
                f"The SQLite database {using!r} is not set to write-ahead logging: "
                "readers of live state and writers of your site block each other.",
                hint=(
                    f'Add to DATABASES["{using}"]: '
                    '"OPTIONS": {"init_command": "PRAGMA journal_mode=WAL"}.'
                ),
                id="dashboards.W006",
            )
        ]
    return ()


def check_tables(using: str) -> Sequence[CheckMessage]:
    """Check that the tables exist, and can keep all characters. Reads the database."""
    missing = sorted(set(_TABLES) - set(connections[using].introspection.table_names()))
    if missing:
        return [
            Warning(
                f"DatabaseStore keeps live state in the database {using!r}, which has no "
                f"table {', '.join(missing)}.",
                hint=f"Run: manage.py migrate --database {using}",
                id="dashboards.W043",
            )
        ]
    query = _CHARACTER_SETS.get(connections[using].vendor)
    if query is None:
        return ()
    with connections[using].cursor() as cursor:
        cursor.execute(*query)
        found = sorted({name for (name,) in cursor.fetchall()} - _WHOLE_CHARACTER_SETS)
    if not found:
        return ()
    return [
        Warning(
            f"DatabaseStore keeps live state in the database {using!r}, whose character set is "
            f"{', '.join(found)}: it refuses values with characters that this lacks, such as "
            "emoji.",
            hint=(
                "MySQL, MariaDB: ALTER DATABASE … CHARACTER SET utf8mb4, then manage.py migrate "
                f"--database {using} dashboards zero, and manage.py migrate --database {using}, "
                "which deletes the stored values. PostgreSQL: name a database with the encoding "
                "UTF8 in OPTIONS['using']."
            ),
            id="dashboards.W053",
        )
    ]
