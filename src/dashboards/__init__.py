"""Dashboards declared in Python, live over server-sent events."""

from typing import Any

from dashboards import loggers

__version__ = "0.1.0"

loggers.install()


def __getattr__(name: str) -> Any:
    # Imported here: pytest imports this package for its plugin, also where there is no Django.
    from dashboards.compat import refuse_imports  # noqa: PLC0415

    return refuse_imports(__name__)(name)
