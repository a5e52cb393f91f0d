"""Checks that all dashboards of a project are found, by this package and not by another."""

import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

from dashboards.dashboard import Dashboard
from dashboards.registry import registry

_DISTRIBUTION = "django-live-dashboards"
_OWN_FILE = "dashboards/__init__.py"
_IMPORTS_PACKAGE = re.compile(r"^\s*(from|import)\s+dashboards\b", re.MULTILINE)


@register("dashboards")
def check_distributions(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that no other installed distribution contains a package of the same name."""
    return [
        Error(
            f"The installed distribution {name} has a package `dashboards`, too: it and "
            f"{_DISTRIBUTION} overwrite each other's files.",
            hint=(
                f"pip uninstall {name} {_DISTRIBUTION}, then pip install {_DISTRIBUTION}: which "
                "files stand there now depends on the order in which they were installed. With "
                "django-dashboards these are over twenty, urls.py and permissions.py among them."
            ),
            id="dashboards.E080",
        )
        for name in _find_others(tuple(sys.path))
    ]


@cache
def _find_others(path: tuple[str, ...]) -> Sequence[str]:
    """Return the names of other distributions with this package; their records are read once."""
    return sorted(
        {
            each.name
            for each in distributions(path=list(path))
            # The name second: an installation that broke off leaves folders without one.
            if f"\n{_OWN_FILE}," in f"\n{each.read_text('RECORD')}" and each.name != _DISTRIBUTION
        }
    )


@register("dashboards")
def check_registered(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the dashboards of discovered modules are registered."""
    registered = set(registry)
    # A base class of registered dashboards need not be registered itself.
    bases = {base for each in registered for base in each.__mro__}
    return [
        Warning(
            f"{each.__module__}.{each.__qualname__} is not registered, so it has no address.",
            hint=(
                "Put @registry.register above it (from dashboards.registry import registry), or an "
                "underscore before its name if it is only a base of others."
            ),
            id="dashboards.W081",
        )
        for each in _find_declared()
        if each not in bases and not each.__name__.startswith("_")
    ]


def _find_declared() -> Iterator[type[Dashboard]]:
    """Yield the dashboard classes that are defined in the ``dashboards`` modules of apps."""
    roots = tuple(f"{config.name}.dashboards." for config in apps.get_app_configs())
    for name, module in sorted(sys.modules.items()):
        if not f"{name}.".startswith(roots):
            continue
        for value in tuple(vars(module).values()):
            is_dashboard = isinstance(value, type) and issubclass(value, Dashboard)
            if is_dashboard and value.__module__ == name:
                yield value


@register("dashboards")
def check_apps_are_installed(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that each ``dashboards.py`` near the installed apps belongs to one of them."""
    installed = {Path(config.path).resolve() for config in apps.get_app_configs()}
    return [
        Warning(
            f"{path} declares dashboards, but its folder is no app of INSTALLED_APPS: it is never "
            "imported.",
            hint=f'Add "{path.parent.name}" to INSTALLED_APPS, with the path that it has there.',
            id="dashboards.W082",
        )
        for path in _find_modules(installed)
        if path.parent.resolve() not in installed
    ]


def _find_modules(installed: set[Path]) -> list[Path]:
    """Return each ``dashboards.py`` in the project's folder, and in folders beside its apps."""
    base = getattr(settings, "BASE_DIR", None)
    if base is None:
        return []
    root = Path(base).resolve()
    own = {folder for folder in installed if folder.is_relative_to(root)}
    # Not deeper: the project's folder may contain a virtual environment.
    found = {
        path
        for folder in {root, *(each.parent for each in own if "site-packages" not in each.parts)}
        for pattern in ("dashboards.py", "*/dashboards.py")
        for path in folder.glob(pattern)
    }
    return sorted(path for path in found if _declares_dashboards(path))


def _declares_dashboards(path: Path) -> bool:
    try:
        return bool(_IMPORTS_PACKAGE.search(path.read_text(errors="replace")))
    except OSError:
        return False
