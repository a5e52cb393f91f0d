"""State in the project's own database: every process that reaches it can push and read."""

from dashboards.live.stores.database.store import DatabaseStore

__all__ = ["DatabaseStore"]
