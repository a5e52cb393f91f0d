"""Dashboards declared in Python, live over server-sent events."""

import sys
from importlib.abc import MetaPathFinder
from typing import Any

from dashboards import loggers

__version__ = "0.1.0"

loggers.install()


def __getattr__(name: str) -> Any:
    # Imported here: pytest imports this package for its plugin, also where there is no Django.
    from dashboards.compat import refuse_imports  # noqa: PLC0415

    return refuse_imports(__name__)(name)


class _OldModules(MetaPathFinder):
    """Refuses modules of django-dashboards with the new word. It is asked where none is found."""

    def find_spec(self, fullname: str, *args: object) -> None:  # noqa: ARG002 - as finders are called
        """Raise an error for an old module."""
        if fullname.startswith(f"{__name__}."):
            from dashboards.compat import refuse_module  # noqa: PLC0415 - as above

            refuse_module(fullname)


sys.meta_path.append(_OldModules())
