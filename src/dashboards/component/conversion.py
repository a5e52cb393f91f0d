"""Conversion of arbitrary values to texts that a template can write."""

import datetime as dt
from collections.abc import Collection, Mapping, Sized
from decimal import Decimal
from enum import Enum
from reprlib import Repr
from typing import Any, TypeGuard

from django.utils import timezone
from django.utils.functional import Promise

from dashboards.component.formats import format_number, is_finite, is_number
from dashboards.exceptions import ComponentValueError

_ALLOWED = "must be a text, number, date, list or dict, or have a text of its own (__str__)"
_LISTS = (list, tuple, set, frozenset, range)
_WRITTEN = (str, bool, int, float, dict, *_LISTS)
_TIMES = dt.date | dt.time | dt.timedelta
_BINARY = bytes | bytearray | memoryview
NEVER_MISSING = frozenset({str, int, bool, dict, list})
"""The most common types. A page has hundreds of values, so callers may ask this first."""
_MAX_BITS = 10_000
"""By default Python does not convert integers of more than 4,300 digits to text."""


class _Short(Repr):
    """Short representations of values, for error messages."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 8
        self.maxstring = self.maxother = 200
        self.maxlong = 500

    def repr_int(self, x: int, level: int) -> str:
        """Return the number of bits of an integer that has too many digits."""
        if x.bit_length() > _MAX_BITS:
            return f"a number of {x.bit_length():,} bits"
        return super().repr_int(x, level)


def shorten(value: Any) -> str:
    """Return a value for an error message: at most a few hundred characters. Never raises."""
    short = _Short()
    try:
        return short.repr(value)
    except Exception:  # noqa: BLE001 - a __repr__ may raise anything
        return f"a {type(value).__name__}"


def is_collection(value: object) -> TypeGuard[Collection[Any]]:
    """Return True for values in a list, or in all else that is read more than once, but no text."""
    # A lazy text has the methods of a text, and so is a collection of its characters.
    return isinstance(value, Collection) and not isinstance(value, str | Promise | _BINARY)


def explain_names(value: object) -> str:
    """Return why a value is no collection of plain texts, for an error; empty if it is one."""
    if not is_collection(value):
        return f"got {shorten(value)}"
    for each in value:
        if not isinstance(each, str):
            kind = "a lazy text" if isinstance(each, Promise) else type(each).__name__
            return f"got {shorten(each)} ({kind})"
    return ""


def is_missing(value: Any) -> bool:
    """Return True for ``None``, NaN, and the missing values of pandas and NumPy (NA, NaT)."""
    kind = type(value)
    # The most common types first: a page has hundreds of values.
    if kind in NEVER_MISSING:
        return False
    # NA of pandas is found by its type, because it cannot be compared.
    is_na = kind.__name__ == "NAType" and kind.__module__.startswith("pandas")
    if value is None or is_na:
        return True
    if is_number(value):
        return not is_finite(value) and not _is_infinite(value)
    return _is_no_moment(value)


def _is_no_moment(value: Any) -> bool:
    if not (isinstance(value, dt.datetime | dt.timedelta) or type(value).__module__ == "numpy"):
        return False
    try:
        return bool(value != value)  # noqa: PLR0124 - NaT
    except ValueError:
        return False  # an array


def as_scalar(value: Any) -> Any:
    """Return a scalar or an array of NumPy as Python objects; any other value as it is."""
    if type(value).__module__ != "numpy":
        return value
    if value.dtype.kind in "mM":
        # tolist() converts nanoseconds to plain integers, and microseconds to datetimes.
        value = value.astype(f"{value.dtype.kind}8[us]")
    return value.tolist()


def is_empty(value: Any) -> bool:
    """Return True for ``None``, and for empty texts, lists and the like."""
    return value is None or (isinstance(value, Sized) and len(value) == 0)


def as_text(kind: str, field: str, value: Any) -> Any:
    """Return a value that a template can write; ``None`` if it is missing.

    Text, HTML that was marked safe, numbers and dates are returned as they are: the template
    writes them in the format of the locale. A member of an enumeration becomes its label or value.
    Lists and dicts are returned with their members converted, and are written as Python does.

    Args:
        kind: the component's name, for the error message.
        field: the name of the field of the component, for the error message.
        value: the value.

    Raises:
        ComponentValueError: its text would be Python's default, such as ``<object at 0x7f…>``; or
            it is bytes, a class or a function.
    """
    if type(value) is str or (type(value) is int and value.bit_length() <= _MAX_BITS):
        return value
    if isinstance(value, Enum):
        value = _get_member(value)
    if is_missing(value):
        return None
    if getattr(value, "shape", None) == ():
        value = as_scalar(value)
    if isinstance(value, Mapping):
        return {str(key): _inside(kind, field, each) for key, each in value.items()}
    if isinstance(value, _LISTS):
        made = [_inside(kind, field, each) for each in value]
        if isinstance(value, list | range):
            return made
        return tuple(made) if isinstance(value, tuple) else set(made)
    if not _has_text(value):
        msg = f"A {kind}'s {field} {_ALLOWED}, got {shorten(value)}."
        raise ComponentValueError(msg)
    return _as_writable(value)


def _is_infinite(value: Any) -> bool:
    return bool(value.is_infinite() if isinstance(value, Decimal) else abs(value) == float("inf"))


def _get_member(member: Enum) -> Any:
    if hasattr(member, "label"):
        return member.label  # of Django's choices
    # A number stays a number. For any other member a __str__ of its class is used.
    has_text: Any = type(member).__str__ is not Enum.__str__
    return str(member) if has_text and not is_number(member.value) else member.value


def _as_writable(value: Any) -> Any:
    """Return a value as it is; a number or datetime that templates cannot write, as text."""
    if is_number(value):
        is_huge = isinstance(value, int) and value.bit_length() > _MAX_BITS
        return format_number(value) if is_huge or not is_finite(value) else value
    if isinstance(value, dt.datetime) and timezone.is_aware(value):
        try:
            timezone.localtime(value)
        except OverflowError:
            return str(value)  # In the active time zone its year would be 0 or 10000.
    return value


def _inside(kind: str, field: str, value: Any) -> Any:
    """Return a member of a list or dict: of a type whose repr is readable, or else its text."""
    text = as_text(kind, field, value)
    return text if text is None or isinstance(text, _WRITTEN) else str(text)


def _has_text(value: Any) -> bool:
    if isinstance(value, str | Promise) or hasattr(value, "__html__"):
        return True
    if isinstance(value, type | _BINARY):
        return False
    # A template would call the value.
    if callable(value) and not getattr(value, "do_not_call_in_templates", False):
        return False
    # The text of an array or a data frame is meant for consoles.
    if getattr(value, "shape", ()) != ():
        return False
    own: Any = type(value).__str__
    # These types have a suitable text although they do not define __str__.
    return own is not object.__str__ or isinstance(value, bool | int | float | complex | _TIMES)
