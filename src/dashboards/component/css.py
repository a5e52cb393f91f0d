"""CSS classes by part, with their defaults from the settings."""

from collections.abc import Mapping
from typing import Any


def classes_by_part(
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
