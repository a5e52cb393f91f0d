"""The wrapper that counts the queries of a connection."""

from collections.abc import Callable
from typing import Any

from django.db import connection

from dashboards.contrib.system.queries import count_queries


def test_wrapper_of_a_block_that_connects_is_removed_after_the_block():
    """Regression: Django removes the last wrapper after connection.execute_wrapper(). If the
    connection was made inside of it, that was the counter, and the author's wrapper stayed."""

    def author(execute: Callable[..., Any], *args: Any) -> Any:
        return execute(*args)

    unused = connection.copy()
    with unused.execute_wrapper(author):
        count_queries(unused)
        count_queries(unused)  # It connects again.
        assert len(unused.execute_wrappers) == 2
    [left] = unused.execute_wrappers
    assert left is not author
