"""The values that a test has pushed, as ``mail.outbox`` has the mails that it has sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboards.dashboard import Dashboard


@dataclass(frozen=True, slots=True)
class Push:
    """One call of ``push`` that took effect.

    Args:
        dashboard: the instance that it went to, with its ``object`` and ``user``.
        values: the values by key, as the call gave them.
    """

    dashboard: Dashboard
    values: Mapping[str, Any]

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value!r}" for key, value in self.values.items())
        return f"{describe(self.dashboard)}: {values}"


outbox: list[Push] = []
"""The pushes since the test began, oldest first. It is emptied before each test.

A push that waits for the commit of a transaction is not in it yet.
"""


def record(dashboard: Dashboard, values: Mapping[str, Any], **kwargs: Any) -> None:  # noqa: ARG001
    """Receive the signal ``pushed``."""
    outbox.append(Push(dashboard, values))


def describe(dashboard: Dashboard) -> str:
    """Return a dashboard's class name, and what it is about."""
    about = {"object": dashboard.object, "user": dashboard.user}
    said = ", ".join(f"{name}={each}" for name, each in about.items() if each is not None)
    return f"{type(dashboard).__name__}({said})" if said else type(dashboard).__name__
