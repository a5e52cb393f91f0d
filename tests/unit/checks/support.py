"""Helpers of the tests of system checks."""

from importlib.util import find_spec
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks

from dashboards.dashboard import Dashboard
from dashboards.registry import Registry

DATABASE = "dashboards.live.stores.database.DatabaseStore"
MEMORY = "dashboards.live.stores.memory.MemoryStore"

OPTIONAL = {
    "plotly": "dashboards.E008",
    "django_tables2": "dashboards.E012",
    "markdown_it": "dashboards.E013",
    "nh3": "dashboards.E013",
    "geopip": "dashboards.W014",
}
"""The message about each optional package that dashboards of the test site need."""

ABSENT = {identifier for package, identifier in OPTIONAL.items() if find_spec(package) is None}


def found() -> list[CheckMessage]:
    """Return the messages of our checks, except that a package is not installed here."""
    return [message for message in run_checks(tags=["dashboards"]) if message.id not in ABSENT]


def found_for_deployment() -> list[CheckMessage]:
    """Return what ``manage.py check --deploy`` finds of this package, as ``found`` does."""
    messages = run_checks(include_deployment_checks=True, tags=["dashboards"])
    return [message for message in messages if message.id not in ABSENT]


def found_by_id(identifier: str) -> list[CheckMessage]:
    """Return the messages of our checks that have this id."""
    return [message for message in run_checks(tags=["dashboards"]) if message.id == identifier]


def register(monkeypatch: pytest.MonkeyPatch, *dashboards: type[Dashboard]) -> None:
    """Let the checks of components find these dashboards and no others."""
    registry = Registry()
    for dashboard in dashboards:
        registry.register(dashboard)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)


def stores(**entry: Any) -> dict[str, Any]:
    return {"STORES": {"default": entry}}
