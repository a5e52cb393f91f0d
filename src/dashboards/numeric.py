"""Numbers that a project declares: finite ones, and whole ones. True and False are none of them."""

from math import inf
from typing import TypeGuard


def is_finite_number(value: object, least: float = -inf) -> TypeGuard[float]:
    """Return True for a finite number of at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return least <= value < inf and value != -inf


def is_whole_number(value: object, least: int) -> TypeGuard[int]:
    """Return True for a whole number of at least ``least``."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
