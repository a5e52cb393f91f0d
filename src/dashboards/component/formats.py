"""Numbers, dates and durations in the format of the active locale."""

import math
from datetime import date, datetime, time, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, localcontext
from numbers import Integral, Rational, Real
from typing import Any

from django.core.signals import setting_changed
from django.utils import formats, numberformat, timezone
from django.utils.html import avoid_wrapping
from django.utils.timesince import TIME_STRINGS, timesince
from django.utils.translation import get_language, ngettext, pgettext_lazy

NOTHING = "\N{EN DASH}"

_NUMBERS = frozenset({int, float, Decimal})
_NO_NUMBERS = frozenset({bool, str, dict, type(None)})

# Numbers from this size on are written with an exponent.
_HUGE = 10**18
_WIDE_CONTEXT = Context(Emax=MAX_EMAX, Emin=MIN_EMIN)

# timesince() needs two moments; any will do.
_EPOCH = datetime(2001, 1, 1)  # noqa: DTZ001
# Longer durations are written in years only.
_MAX_TIMESINCE = 100 * 365 * 86_400
_YEAR = 365.2425 * 86_400
_MAX_SECONDS = 10**18

_number_formats: dict[str | None, tuple[str, Any, str]] = {}
"""By language: decimal separator, grouping and thousand separator, as Django's formats have them.

Django looks each of them up for each number; a page has hundreds of numbers.
"""


def _forget_number_formats(*, setting: str, **kwargs: Any) -> None:  # noqa: ARG001 - of the signal
    # Only tests change settings. Any of them may be one that a format depends on.
    _number_formats.clear()


setting_changed.connect(_forget_number_formats)


def is_number(value: Any) -> bool:
    """Return True for a number; False for a text, and for ``True`` and ``False``."""
    kind = type(value)
    # The most common types first: the check of the abstract class takes ten times as long.
    return kind in _NUMBERS or (kind not in _NO_NUMBERS and isinstance(value, Real | Decimal))


def is_finite(value: Any) -> bool:
    """Return True if a number is neither NaN nor infinite."""
    if type(value) is int:
        return True
    if isinstance(value, Decimal):
        return value.is_finite()
    # math.isfinite() raises for an integer that is too large for a float.
    return isinstance(value, Rational) or math.isfinite(value)


def absolute(number: Any) -> Any:
    """Return a number without its sign."""
    # abs() uses the decimal context, which refuses exponents beyond 999,999.
    return number.copy_abs() if isinstance(number, Decimal) else abs(number)


def format_value(value: Any, decimals: int | None = None, date_format: str = "") -> Any:
    """Return a number, a date, a time or a duration as text; anything else as it is.

    Args:
        value: the value; ``None``, NaN and the infinities are written as a dash.
        decimals: digits after the decimal point. By default a ``Decimal`` keeps its own; any other
            number has at most two, or three significant digits if it is below 1.
        date_format: a format of Django's ``date`` filter for dates and times, or the name of one;
            by default the locale's own.
    """
    if value is None:
        return NOTHING
    if type(value) is str:
        return value
    if type(value) is int or is_number(value):
        return format_number(value, decimals)
    if isinstance(value, timedelta):
        return format_duration(value.total_seconds())
    if isinstance(value, date | time):
        return _format_date(value, date_format)
    return value


def format_number(value: Any, decimals: int | None = None) -> str:
    """Return a number as text, with grouped thousands; see ``format_value``."""
    if type(value) is int and decimals is None and -_HUGE < value < _HUGE:
        return _localize_number(value)
    if not is_finite(value):
        return NOTHING
    number = _as_plain(value)
    if absolute(number) >= _HUGE:
        with localcontext(_WIDE_CONTEXT):
            return f"{Decimal(number):.3g}"
    if decimals is None and isinstance(number, int):
        return _localize_number(number)
    if decimals is None and isinstance(number, float):
        text = f"{number:.{_decimals(number)}f}".rstrip("0").rstrip(".")
    else:
        text = str(number) if decimals is None else f"{number:.{decimals}f}"
    written = Decimal(text)
    return _localize_number(written or abs(written))  # Not "-0".


def _as_plain(value: Any) -> Any:
    """Return a number as one of Python's types."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Integral):
        return int(value)
    try:
        return float(value)
    except OverflowError:  # A fraction has no limit.
        with localcontext(_WIDE_CONTEXT):
            return Decimal(value.numerator) / Decimal(value.denominator)


_COMPACT = (
    (10**3, pgettext_lazy("compact number", "%(number)s k")),
    (10**6, pgettext_lazy("compact number", "%(number)s M")),
    (10**9, pgettext_lazy("compact number", "%(number)s B")),
    (10**12, pgettext_lazy("compact number", "%(number)s T")),
)
"""Thousands, millions, billions and trillions."""
_LEAST_COMPACT = 10_000


def format_compact(value: Any, decimals: int | None = None) -> str:
    """Return a number as short text: 123,456,789 as ``"123.5 M"``.

    Numbers below 10,000 are written in full, and those from 10**18 on with an exponent.

    Args:
        value: the number.
        decimals: digits after the decimal point; by default one.
    """
    if not is_finite(value) or not _LEAST_COMPACT <= absolute(value) < _HUGE:
        return format_number(value, decimals)
    digits = 1 if decimals is None else decimals
    plain = Decimal(_as_plain(value))
    numbers = [(round(plain / scale, digits), text) for scale, text in _COMPACT]
    number, text = next((each for each in numbers if abs(each[0]) < 1000), numbers[-1])  # noqa: PLR2004
    # No line break between the number and its letter.
    return str(text).replace(" ", "\xa0") % {"number": format_number(number, digits)}


def _localize_number(number: int | Decimal) -> str:
    """Return what ``django.utils.formats.number_format(number, force_grouping=True)`` returns."""
    language = get_language()
    try:
        separator, grouping, thousands = _number_formats[language]
    except KeyError:
        separator, grouping, thousands = _number_formats[language] = (
            formats.get_format("DECIMAL_SEPARATOR", language, use_l10n=True),
            formats.get_format("NUMBER_GROUPING", language, use_l10n=True),
            formats.get_format("THOUSAND_SEPARATOR", language, use_l10n=True),
        )
    if grouping == 3 and type(number) is int:  # noqa: PLR2004 - as most locales have it
        return f"{number:,}".replace(",", thousands)
    return numberformat.format(
        number, separator, None, grouping, thousands, force_grouping=True, use_l10n=True
    )


def _decimals(number: float) -> int:
    size = abs(number)
    return 2 if size >= 1 or not size else min(2 - math.floor(math.log10(size)), 15)


def _format_date(value: date | time, date_format: str) -> str:
    if isinstance(value, time):
        return formats.time_format(value, date_format or None)
    if not isinstance(value, datetime):
        return formats.date_format(value, date_format or None)
    if value != value:  # noqa: PLR0124 - NaT of pandas
        return NOTHING
    try:
        local = timezone.localtime(value) if timezone.is_aware(value) else value
    except OverflowError:
        local = value  # In the active time zone its year would be 0 or 10000.
    return formats.date_format(local, date_format or "DATETIME_FORMAT")


def format_duration(seconds: float) -> str:
    """Return a duration as text in its two largest units; in seconds below one minute."""
    if seconds < 0:
        return f"\N{MINUS SIGN}{format_duration(-seconds)}"
    if seconds > _MAX_TIMESINCE:
        years = int(min(seconds, _MAX_SECONDS) // _YEAR)
        return avoid_wrapping(TIME_STRINGS["year"] % {"num": years})
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004
        # No line break between the number and its unit, as in Django's timesince().
        return ngettext("%(count)d second", "%(count)d seconds", whole).replace(" ", "\xa0") % {
            "count": whole
        }
    return timesince(_EPOCH, _EPOCH + timedelta(seconds=whole))
