"""Checks of the attributes that all kinds of components have: their types, and finite numbers."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.utils.functional import Promise

from dashboards.component.base import Component
from dashboards.component.conversion import explain_names, shorten
from dashboards.exceptions import DeclarationError
from dashboards.numeric import is_finite_number


class _Rule(NamedTuple):
    """The values that an attribute may have."""

    is_valid: Callable[[Any], bool]
    allowed: str


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str | Promise)


def _is_interval(value: Any) -> bool:
    return value is None or is_finite_number(value, 0)


_RULES: Mapping[str, _Rule] = {
    "grid_css_classes": _Rule(_is_text, 'CSS classes, such as "span-6"'),
    "trigger_on": _Rule(_is_text, "None or a text"),
    "poll_rate": _Rule(_is_interval, "None or a finite number of seconds, at least 0"),
    "defer": _Rule(
        lambda value: value is None or isinstance(value, bool) or callable(value),
        "True, False, None or a callable that returns the value",
    ),
    "defer_url": _Rule(
        lambda value: _is_text(value) or callable(value),
        "None, a URL or a function that returns one",
    ),
}


def check_attributes(label: str, component: Component) -> None:
    """Refuse attributes of a type that is not allowed.

    Args:
        label: the name of the component, for the error.
        component: the component. What a kind computes in a property is not looked at.

    Raises:
        DeclarationError: an attribute has another type, or is no finite number.
    """
    given = vars(component)
    for name, rule in _RULES.items():
        if name in given and not rule.is_valid(given[name]):
            msg = f"{label}: {name} must be {rule.allowed}, got {shorten(given[name])}."
            raise DeclarationError(msg)
    if fault := explain_names(given.get("dependents", ())):
        msg = f"{label}: dependents must be a list of keys, which are plain texts, {fault}."
        raise DeclarationError(msg)
