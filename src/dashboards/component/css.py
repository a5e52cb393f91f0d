"""CSS classes by part, with their defaults from the settings."""

from collections.abc import Mapping
from typing import Any


def classes_by_part(
    setting: Mapping[str, Any], kind: type, declared: str | Mapping[str, str], outermost: str
) -> dict[str, str]:
    """Return CSS classes by part: those of the settings, overridden by the declared ones.

    Args:
        setting: the value of the setting: by the name of a class or of one of its bases, a string
            for the outermost part, or a dict by part.
        kind: the class.
        declared: the declared classes: a string for the outermost part, or a dict by part.
        outermost: the name of the outermost part.
    """
    parts: dict[str, str] = {}
    for base in reversed(kind.__mro__) if setting else ():
        parts |= _by_part(setting.get(base.__name__, ""), outermost)
    return {**parts, **_by_part(declared, outermost)}


def _by_part(declared: str | Mapping[str, str], outermost: str) -> Mapping[str, str]:
    if isinstance(declared, Mapping):
        return declared
    return {outermost: declared} if declared else {}
