"""Numbers, dates and durations as the active locale writes them."""

import math
from datetime import date, datetime, time, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from numbers import Integral, Real
from typing import Any

from django.utils import formats, timezone
from django.utils.html import avoid_wrapping
from django.utils.timesince import TIME_STRINGS, timesince
from django.utils.translation import ngettext

NOTHING = "\N{EN DASH}"

_NUMBERS = frozenset({int, float, Decimal})
_NO_NUMBERS = frozenset({bool, str, dict, type(None)})

# From here on digits say less than an exponent does.
_HUGE = 10**18
_WIDE = Context(Emax=MAX_EMAX, Emin=MIN_EMIN)

# Any moment: only what lies between it and another counts.
_EPOCH = datetime(2001, 1, 1)  # noqa: DTZ001
_LONGEST = 100 * 365 * 86_400
_YEAR = 365.2425 * 86_400
_MAX_SECONDS = 10**18


def is_number(value: Any) -> bool:
    """Whether a value is written as a number: no text, and neither ``True`` nor ``False``."""
    kind = type(value)
    # The most usual first: to ask for the abstract class takes ten times as long.
    return kind in _NUMBERS or (kind not in _NO_NUMBERS and isinstance(value, Real | Decimal))


def is_finite(value: Any) -> bool:
    """Whether a number is neither NaN nor infinite."""
    if type(value) is int:
        return True
    if isinstance(value, Decimal):
        return value.is_finite()
    # An integer of any length is finite, and need not fit into a float.
    return isinstance(value, Integral) or math.isfinite(value)


def absolute(number: Any) -> Any:
    """Return a number without its sign."""
    # The usual context refuses to compute with an exponent beyond 999,999.
    return number.copy_abs() if isinstance(number, Decimal) else abs(number)


def format_value(value: Any, decimals: int | None = None, date_format: str = "") -> Any:
    """Write a number, a date, a time or a duration; anything else is returned as it is.

    Args:
        value: what to write; a dash stands for ``None``, and for a number that is none.
        decimals: digits after the point. By default as many as a number has: a ``Decimal`` keeps
            its own, of any other at most two are written, and below 1 three that count.
        date_format: a format of Django's ``date`` filter for dates and times, or the name of one;
            by default the locale's own.
    """
    if value is None:
        return NOTHING
    if type(value) is str:
        return value
    if is_number(value):
        return format_number(value, decimals)
    if isinstance(value, timedelta):
        return format_duration(value.total_seconds())
    if isinstance(value, date | time):
        return _format_date(value, date_format)
    return value


def format_number(value: Any, decimals: int | None = None) -> str:
    """Write a number with its thousands grouped; see ``format_value``."""
    if type(value) is int and decimals is None and -_HUGE < value < _HUGE:
        return formats.number_format(value, force_grouping=True)
    if not is_finite(value):
        return NOTHING
    number: Any
    if isinstance(value, Decimal):
        number = value
    else:
        number = int(value) if isinstance(value, Integral) else float(value)
    if absolute(number) >= _HUGE:
        with localcontext(_WIDE):
            return f"{Decimal(number):.3g}"
    if decimals is None and isinstance(number, int):
        return formats.number_format(number, force_grouping=True)
    if decimals is None and isinstance(number, float):
        text = f"{number:.{_decimals(number)}f}".rstrip("0").rstrip(".")
    else:
        text = str(number) if decimals is None else f"{number:.{decimals}f}"
    written = Decimal(text)
    return formats.number_format(written or abs(written), force_grouping=True)


def _decimals(number: float) -> int:
    size = abs(number)
    return 2 if size >= 1 or not size else min(2 - math.floor(math.log10(size)), 15)


def _format_date(value: date | time, date_format: str) -> str:
    if isinstance(value, time):
        return formats.time_format(value, date_format or None)
    if not isinstance(value, datetime):
        return formats.date_format(value, date_format or None)
    if value != value:  # noqa: PLR0124 - the date of pandas that is none
        return NOTHING
    try:
        local = timezone.localtime(value) if timezone.is_aware(value) else value
    except OverflowError:
        local = value  # At the ends of time, in other time zones it is another year.
    return formats.date_format(local, date_format or "DATETIME_FORMAT")


def format_duration(seconds: float) -> str:
    """Write a length of time in its two largest units; seconds only below a minute."""
    if seconds < 0:
        return f"\N{MINUS SIGN}{format_duration(-seconds)}"
    if seconds > _LONGEST:
        years = int(min(seconds, _MAX_SECONDS) // _YEAR)
        return avoid_wrapping(TIME_STRINGS["year"] % {"num": years})
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        # Never broken between the number and its unit, as Django does it.
        return ngettext("%(count)d second", "%(count)d seconds", whole).replace(" ", "\xa0") % {
            "count": whole
        }
    return timesince(_EPOCH, _EPOCH + timedelta(seconds=whole))
