"""Names from before the first release that still work.

New code and documentation use the new names only.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")

MENU_MODULES = ("dashboard_menu",)
"""Earlier names of the module ``menus`` in which an app registers its menus."""

_OLD_VALUES = {("delivery", "refresh"): "per_viewer"}


def accept_old_names(**names: str) -> Callable[[type[T]], type[T]]:
    """Return a decorator that makes a class accept older names of its keyword arguments.

    Args:
        **names: the present name, by the older name.
    """

    def decorate(cls: type[T]) -> type[T]:
        init: Callable[..., None] = cls.__init__

        @wraps(init)
        def init_with_old_names(self: T, *args: Any, **kwargs: Any) -> None:
            for old, new in names.items():
                if old in kwargs:
                    value = kwargs.pop(old)
                    kwargs[new] = _OLD_VALUES.get((new, value), value)
            init(self, *args, **kwargs)

        setattr(cls, "__init__", init_with_old_names)  # noqa: B010 - mypy refuses the assignment
        return cls

    return decorate


class OldBoundItem:
    """Earlier names of the attributes of ``BoundItem``, which templates read."""

    visible = True
    """True if the item is shown. Items that are not shown are left out."""
