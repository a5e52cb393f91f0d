"""The facts that depend on the declaration of a component alone."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any


class Facts:
    """The facts that depend on a declaration alone: computed once for each component.

    Args:
        component: the declaration, a ``Component``.
    """

    def __init__(self, component: Any) -> None:
        self.series = component.series
        self.takes_params = component.takes_params
        self.kind = type(component).__name__.lower()
        self.css_kinds = " dashboards-kind-".join(_get_css_kinds(type(component)))
        """Its kind; of a kind that a project derived, that of the package as well."""
        scripts = inspect.getattr_static(component, "scripts")
        self.scripts = scripts if isinstance(scripts, list | tuple) else None
        """The static files that it needs; ``None`` if the author's code returns them."""
        self.boxes: dict[Any, Any] = {}
        """Its boxes without their ids, by all that they depend on beside the declaration."""
        names = ("title", "icon", "css_classes", "grid_css_classes", "cta", "menu")
        self.has_fixed_box = all(_is_fixed(component, name) for name in names)
        """True if its boxes depend neither on the language nor on the author's code."""


def _get_css_kinds(kind: type) -> Iterator[str]:
    """Yield the name of a kind, and of the first kind of this package that it derives from."""
    for each in kind.__mro__:
        is_packaged = each.__module__.startswith("dashboards.component.")
        if each is kind or is_packaged:
            yield each.__name__.lower()
        if is_packaged:
            return


def _is_fixed(component: Any, name: str) -> bool:
    """Return True if an attribute is plain text or empty: no property, no lazy translation."""
    if inspect.isdatadescriptor(inspect.getattr_static(type(component), name, None)):
        return False
    value = vars(component).get(name, component)
    if isinstance(value, Mapping):
        return all(isinstance(each, str) for each in value.values())
    # A lazy text is not compared: that would evaluate it, outside of the box.
    return value is None or isinstance(value, str) or (isinstance(value, tuple) and not value)
