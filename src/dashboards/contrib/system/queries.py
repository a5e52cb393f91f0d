"""Counts database queries by a wrapper of each connection."""

import time
from collections.abc import Callable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from dashboards.contrib.system.counters import COUNTERS


def count_queries(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:  # noqa: ARG001
    """Count the queries of a connection; a receiver of ``connection_created``."""
    # A connection object sends the signal again when it reconnects.
    if _count_query not in connection.execute_wrappers:
        # First: if it connects inside connection.execute_wrapper(), that removes the last one.
        connection.execute_wrappers.insert(0, _count_query)


def _count_query(execute: Callable[..., Any], *args: Any) -> Any:
    began = time.perf_counter()
    try:
        return execute(*args)
    finally:
        COUNTERS.count_query(time.perf_counter() - began)
