"""What tests of system checks share."""

from typing import Any

from django.core.checks import CheckMessage, run_checks

DATABASE = "dashboards.live.stores.database.DatabaseStore"


MEMORY = "dashboards.live.stores.memory.MemoryStore"


def found() -> list[CheckMessage]:
    """Return what all checks of all apps find in the project as it is now."""
    return list(run_checks())


def stores(**entry: Any) -> dict[str, Any]:
    return {"STORES": {"default": entry}}
