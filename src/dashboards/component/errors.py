"""Catching errors of the code that the author of a dashboard wrote.

Every call of such code goes through ``ErrorBoundary``: a value, a permission class, a template, a
``__str__``, a serializer, a form, a menu item's check. An error fails only its own box or menu
entry, and is logged once. While tests run it is raised, so that the tests of a project see it.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from traceback import format_exception_only
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections, transaction
from django.http import HttpRequest

from dashboards import conf
from dashboards.storable_text import clean_text

T = TypeVar("T")

logger = logging.getLogger("dashboards")

_MAX_ERROR_LENGTH = 300


@dataclass(frozen=True)
class Failure:
    """The result of a call that raised.

    Args:
        error: the exception.
    """

    error: Exception


class ErrorBoundary:
    """Calls the code of one box or menu entry, and logs its first failure.

    Args:
        dashboard: the class name of the dashboard or of the menu, for the log.
        key: the component's key, or the kind of entry, for the log.
    """

    failure: Failure | None = None
    """The first failure. Later ones mostly have the same cause, and are not logged."""

    def __init__(self, dashboard: str, key: str = "") -> None:
        self._dashboard = dashboard
        self._key = key

    def call(self, run: Callable[[], T], part: str, transactions: Sequence[str]) -> T | Failure:
        """Call the author's code; return a ``Failure`` if it raises.

        Inside a transaction (``ATOMIC_REQUESTS``) it is called in a savepoint: otherwise a failed
        query would make every later query of the request fail as well.

        Args:
            run: calls the code. ``KeyboardInterrupt`` and ``SystemExit`` are not caught.
            part: the name of the code for the log: ``"value"``, ``"permission"``, …
            transactions: the result of ``get_transactions`` for this request.

        Raises:
            Exception: the error of the code, if ``RAISE_VALUE_ERRORS`` is true; by default it is
                while tests run.
        """
        try:
            if not transactions:
                return run()
            with ExitStack() as stack:
                for alias in transactions:
                    stack.enter_context(transaction.atomic(alias))
                return run()
        except Exception as error:
            if raises():
                raise
            if self.failure is None:
                fields = {"dashboard": self._dashboard, "key": self._key, "part": part}
                name = f"{self._dashboard}.{self._key}" if self._key else self._dashboard
                extra = {"event": "value_failed", **fields}
                logger.exception("The %s of %s failed.", part, name, extra=extra)
            failure = Failure(error)
            self.failure = self.failure or failure
            return failure


def catch_errors(run: Callable[[], T], *, dashboard: str, key: str = "", part: str) -> T | Failure:
    """Call the author's code as ``ErrorBoundary.call`` does, for a box or entry with one call."""
    return ErrorBoundary(dashboard, key).call(run, part, get_transactions())


def get_transactions() -> Sequence[str]:
    """Return the aliases of databases with an open transaction, in which failures are undone."""
    open_ones = [
        each.alias for each in connections.all(initialized_only=True) if each.in_atomic_block
    ]
    # An error that is raised rolls back the whole transaction.
    return [] if open_ones and raises() else open_ones


def raises() -> bool:
    """Return True if an author's error is raised, not shown in its box."""
    setting = conf.get("RAISE_VALUE_ERRORS")
    return is_under_test() if setting is None else bool(setting)


def is_under_test() -> bool:
    """Return True while Django's test environment is set up, by any test runner."""
    # Not imported, because a process that serves pages does not need it.
    utils = sys.modules.get("django.test.utils")
    return hasattr(getattr(utils, "_TestState", None), "saved_data")


def get_error_text(error: Exception, request: HttpRequest | None) -> str:
    """Return the last line of an exception for viewers who may read it; empty for all others.

    These are all viewers if ``DEBUG`` is on, and staff if ``SHOW_ERRORS_TO_STAFF`` is true.
    """
    return describe_error(error) if may_see_errors(request) else ""


def keeps_errors() -> bool:
    """Return True if any viewer may read the text of exceptions."""
    return settings.DEBUG or bool(conf.get("SHOW_ERRORS_TO_STAFF"))


def may_see_errors(request: HttpRequest | None) -> bool:
    """Return True if the user of the request may read the text of exceptions."""
    if request is None:
        return False
    if settings.DEBUG or not keeps_errors():
        return settings.DEBUG
    user: Any = getattr(request, "user", None)
    # `is True`: the user model of a project may have a method of this name.
    return getattr(user, "is_active", False) is True and getattr(user, "is_staff", False) is True


def describe_error(error: Exception) -> str:
    """Return the last line of an exception's traceback, at most 300 characters."""
    lines = "".join(format_exception_only(error)).strip().splitlines()
    return clean_text(lines[-1] if lines else type(error).__name__)[:_MAX_ERROR_LENGTH]
