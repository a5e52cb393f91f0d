"""The dashboards of a site."""

from collections.abc import Iterator
from typing import TypeVar

from dashboards.dashboard import Dashboard
from dashboards.dashboard.signatures import check_live_values
from dashboards.exceptions import RegistrationError

D = TypeVar("D", bound=type[Dashboard])


class Registry:
    """Contains dashboard classes by URL name. Each app's ``dashboards.py`` registers its own."""

    def __init__(self) -> None:
        # autodiscover_modules() expects this name.
        self._registry: dict[str, type[Dashboard]] = {}

    def register(self, dashboard: D) -> D:
        """Register a dashboard class. Usable as a decorator.

        Raises:
            RegistrationError: it is no dashboard class, or its name is taken.
            DeclarationError: it cannot be served as it is declared.
        """
        given: object = dashboard
        if not (isinstance(given, type) and issubclass(given, Dashboard)):
            msg = f"registry.register() takes a subclass of Dashboard, got {dashboard!r}."
            raise RegistrationError(msg)
        dashboard.check_declaration()
        check_live_values(dashboard, dict(dashboard.declared))
        name = dashboard.get_url_name()
        taken = self._registry.get(name)
        if taken is not None:
            msg = (
                f"{dashboard.__module__}.{dashboard.__qualname__} cannot be registered as {name}: "
                f"{taken.__module__}.{taken.__qualname__} is already."
            )
            raise RegistrationError(msg)
        dashboard.connect_model_signals()
        self._registry[name] = dashboard
        dashboard.is_registered = True
        return dashboard

    def __iter__(self) -> Iterator[type[Dashboard]]:
        return iter(self._registry.values())

    def __len__(self) -> int:
        return len(self._registry)

    def __bool__(self) -> bool:
        """Return True, also if it is empty.

        If an app's module raises, ``autodiscover_modules`` restores the registry only if it is
        true. With an empty registry that is false it would raise an error of its own instead.
        """
        return True


registry = Registry()
"""The registry whose dashboards are served."""
