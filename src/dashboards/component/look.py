"""CSS classes by part, with their defaults from the settings, and where a call to action leads."""

import re
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from django.urls import NoReverseMatch, reverse

_VIEW_NAME = re.compile(r"[\w.-]+(:[\w.-]+)*")


def parts_of(
    setting: Mapping[str, Any], kind: type, given: str | Mapping[str, str], outermost: str
) -> dict[str, str]:
    """Return CSS classes by part: the settings' for this kind, and over them those that are given.

    Args:
        setting: the setting's value. It holds by the name of a kind, or of one that it derives
            from, a string for the outermost part or a dict by part.
        kind: the class.
        given: as the setting.
        outermost: the name of the outermost part.
    """
    parts: dict[str, str] = {}
    for base in reversed(kind.__mro__) if setting else ():
        parts |= _by_part(setting.get(base.__name__, ""), outermost)
    return {**parts, **_by_part(given, outermost)}


def _by_part(given: str | Mapping[str, str], outermost: str) -> Mapping[str, str]:
    if isinstance(given, Mapping):
        return given
    return {outermost: given} if given else {}


def address_of(target: Any, about: Any) -> str:
    """Return the address that a call to action leads to.

    Args:
        target: an address, the name of a view such as ``"home"`` or
            ``"dashboards:shop_operations"``, what has a ``get_absolute_url`` (a dashboard class
            or instance, a model's object), or a function that gets ``about`` and returns these.
        about: the object that the dashboard is about, for a class that is about one, too.
    """
    if isinstance(target, type) and hasattr(target, "make_bare"):
        # Its __init__, which may need a request, has no part in where it is.
        return str(target.make_bare(about=about).get_absolute_url())
    if isinstance(target, FunctionType):
        return address_of(target(about), None)
    if hasattr(target, "get_absolute_url"):
        return str(target.get_absolute_url())
    address = str(target)
    if _VIEW_NAME.fullmatch(address):
        try:
            return reverse(address)
        except NoReverseMatch:
            pass  # "tel:112" is no view, nor is "report.pdf".
    return address
