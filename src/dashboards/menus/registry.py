"""The menus of a site, and the sections that one page shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, TypeVar

from django.http import HttpRequest

from dashboards.component.errors import Failure, catch_errors
from dashboards.exceptions import RegistrationError
from dashboards.menus.menu import (
    BoundItem,
    DashboardMenu,
    Menu,
    get_default_menus,
    mark_exactly,
    name_of,
)

M = TypeVar("M", bound=type[Menu])


class MenuRegistry:
    """Contains menu classes in order. Each app's ``menus.py`` registers its own."""

    def __init__(self) -> None:
        # autodiscover_modules() expects this name.
        self._registry: dict[str, type[Menu]] = {}

    def register(self, menu: M) -> M:
        """Register a menu class. Usable as a decorator.

        Raises:
            RegistrationError: it is no menu class, or has no name or no app label.
        """
        given: object = menu
        if not (isinstance(given, type) and issubclass(given, Menu)):
            msg = f"menu_registry.register() takes a subclass of Menu, got {menu!r}."
            raise RegistrationError(msg)
        label = f"{menu.__module__}.{menu.__qualname__}"
        if issubclass(menu, DashboardMenu):
            if not menu.app_label:
                msg = f"{label}.app_label must be the label of an app: it is a DashboardMenu."
                raise RegistrationError(msg)
        elif not menu.name:
            msg = f"{label}.name must say what the menu is called."
            raise RegistrationError(msg)
        self._registry[label] = menu
        return menu

    def __iter__(self) -> Iterator[type[Menu]]:
        return iter(self._registry.values())

    def __len__(self) -> int:
        return len(self._registry)

    def __bool__(self) -> bool:
        """Return True, also while it is empty, as ``dashboards.registry.Registry`` does."""
        return True


menu_registry = MenuRegistry()
"""The registry that is discovered and shown."""


@dataclass
class Sections:
    """The sections of the menu that one page shows.

    Args:
        sections: items by the section's name. Sections without items are left out.
        active: the name of the section that contains the page, or None.
    """

    sections: Mapping[str, Sequence[BoundItem]] = field(default_factory=dict)
    active: str | None = None

    @property
    def has_choice(self) -> bool:
        """True if any item leads to another page."""
        items = [item for section in self.sections.values() for item in section]
        return len(items) > 1 or any(item.children or not item.selected for item in items)


def _render(menu: type[Menu], request: HttpRequest, obj: Any) -> tuple[str, Sequence[BoundItem]]:
    return name_of(menu), list(menu.render(request, obj))


def get_sections(request: HttpRequest | None, obj: Any = None) -> Sections:
    """Return the sections that a page shows.

    Without a registered menu there is one section for each app that has dashboards.

    Args:
        request: the request that the page is served to. Without one there are no sections.
        obj: the object of the page's dashboard, if it has one.
    """
    if request is None:
        return Sections()
    sections: dict[str, list[BoundItem]] = {}
    for menu in list(menu_registry) or get_default_menus():
        render = partial(_render, menu, request, obj)
        section = catch_errors(render, dashboard=menu.__name__, part="menu")
        if not isinstance(section, Failure) and section[1]:
            sections.setdefault(section[0], []).extend(section[1])
    mark_exactly(chain.from_iterable(sections.values()))
    active = (
        name
        for name, items in sections.items()
        if any(item.selected or item.open for item in items)
    )
    return Sections(sections, next(active, None))
