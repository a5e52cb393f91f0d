"""The component that shows one figure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from types import FunctionType
from typing import Any

from django.utils.functional import Promise

from dashboards.component.base import Bound, Component, declaring
from dashboards.component.conversion import as_text, is_missing, shorten
from dashboards.component.formats import format_value, is_finite, is_number
from dashboards.component.links import resolve_url
from dashboards.component.serializer import take_heading
from dashboards.component.stat.data import Direction, StatChange, StatData
from dashboards.component.stat.serializers import StatSerializer
from dashboards.component.stat.sparkline import as_sparkline
from dashboards.component.values import as_data, as_decimals, as_number
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.texts import StrOrPromise

_BARE = frozenset({int, float, str})
_FEW_BITS = 64
"""Most figures are integers of fewer bits: they need no call of ``as_text``."""
_GOOD = ("up", "down", None)


@dataclass
class Stat(Component):
    """A figure in large type. Its value is a ``StatData``, a dict of its fields, or the figure.

    It may also be a ``StatSerializer`` class, which declares what of a model is counted.

    Args:
        href: the target of the figure's link: a URL, the name of a view, a dashboard, or an object
            with ``get_absolute_url``.
        prefix: text before a number, such as ``"€"``.
        unit: text after a number, such as ``"ms"``.
        good: the direction of change that is an improvement, ``"up"`` or ``"down"``; by default
            neither.
        decimals: digits after the decimal point; by default as many as a number has, up to two.
        date_format: a format of Django's ``date`` filter, for dates; by default the locale's own.
        compact: ``True`` to write numbers from 10,000 on in short, such as ``"123.5 M"``; the whole
            number is shown to the pointer and to screen readers.

    Fields of a value replace these.
    """

    template: str = StatData.template_name
    href: Any = None
    prefix: StrOrPromise = ""
    unit: StrOrPromise = ""
    good: Direction | None = None
    decimals: int | None = None
    date_format: str = ""
    compact: bool = False

    def __post_init__(self) -> None:
        """Check the declaration, and take the title of a serializer that has one.

        Raises:
            DeclarationError: ``good`` is not a direction, or ``decimals`` not a number of digits.
        """
        if self.good not in _GOOD:
            msg = f'{type(self).__name__}(good={self.good!r}): good must be "up", "down" or None.'
            raise DeclarationError(msg)
        with declaring(self, f"decimals={self.decimals!r}"):
            as_decimals("Stat", self.decimals)
        take_heading(self)

    def prepare_value(self, value: Any, bound: Bound | None = None) -> StatData | None:
        """Return a ``StatData``; ``None`` if there is no value yet.

        Its link may lead to a dashboard of the object that ``bound`` has.
        """
        if value is None:
            return None
        if isinstance(value, StatSerializer):
            value = value.data
        # Most values are bare figures: these need no cleaning of other fields.
        kind = type(value)
        if kind is int and value.bit_length() < _FEW_BITS:
            data = StatData(value)
        elif kind in _BARE or not isinstance(value, StatData | Mapping):
            data = StatData(as_text("Stat", "text", value))
        else:
            data = _clean(as_data("Stat", StatData, value, short="text"))
        href = self.href if data.href is None else data.href
        if href in (None, ""):
            href = None
        else:
            href = resolve_url(_as_target(href), None if bound is None else bound.object)
        prefix, unit = data.prefix, data.unit
        # The declared ones apply to numbers only, not to a text value.
        if (self.prefix or self.unit) and is_number(data.text):
            prefix, unit = prefix or self.prefix, unit or self.unit
        decimals = self.decimals if data.decimals is None else data.decimals
        date_format = data.date_format or self.date_format
        if date_format:
            _check_date_format(date_format, data.text)
        return _replace(
            data,
            href=href,
            prefix=prefix,
            unit=str(unit).strip(),
            good=self.good if data.good is None else data.good,
            decimals=None if decimals is None else as_decimals("Stat", decimals),
            date_format=date_format,
            compact=(self.compact or None) if data.compact is None else data.compact,
        )


def _replace(data: StatData, **fields: Any) -> StatData:
    """Return a copy with other fields; the same data if no field differs, which is faster."""
    for name, value in fields.items():
        if getattr(data, name) is not value:
            return replace(data, **fields)
    return data


def _clean(data: StatData) -> StatData:
    """Return the fields of a value as texts that a template can write.

    Raises:
        ComponentValueError: a field has a value that cannot be shown.
    """
    good: object = data.good
    if not (good is None or (isinstance(good, str) and good in _GOOD)):
        msg = f"A Stat's good must be 'up', 'down' or None, got {shorten(good)}."
        raise ComponentValueError(msg)
    texts = {}
    for name in ("text", "sub_text", "icon", "prefix", "unit", "date_format"):
        value = getattr(data, name)
        kind = type(value)
        is_plain = kind is str or (kind is int and value.bit_length() < _FEW_BITS)
        texts[name] = value if is_plain else as_text("Stat", name, value)
    for name in ("prefix", "unit", "date_format"):
        texts[name] = "" if texts[name] is None else str(texts[name])
    return _replace(
        data,
        change=None if data.change is None else _as_change(data.change),
        sparkline=None if data.sparkline is None else as_sparkline(data.sparkline),
        href=None if data.href is None or is_missing(data.href) else _as_target(data.href),
        **texts,
    )


def _as_target(value: Any) -> Any:
    if hasattr(value, "get_absolute_url") or isinstance(value, str | Promise | FunctionType):
        return value
    msg = (
        "A Stat's href must be an address, a view's name, a dashboard, or an object that has a "
        f"get_absolute_url, got {shorten(value)}."
    )
    raise ComponentValueError(msg)


def _as_change(value: Any) -> StatChange | None:
    if is_missing(value):
        return None
    change = as_data("Stat's change", StatChange, value, short="by")
    by = change.by
    if is_number(by):
        by = by if is_finite(by) else None
    elif is_missing(by):
        by = None
    else:
        by = as_number("Stat's change", "by", by)
    text = as_text("Stat's change", "text", change.text)
    if by is None and not text:
        return None
    period = change.period
    if not isinstance(period, timedelta) or is_missing(period):
        period = as_text("Stat's change", "period", period) or ""
    return replace(
        change,
        by=by,
        text=text or "",
        unit=as_text("Stat's change", "unit", change.unit) or "",
        period=period,
        decimals=as_decimals("Stat's change", change.decimals),
    )


def _check_date_format(date_format: str, shown: Any) -> None:
    """Check that a date or a time can be written in a format.

    Raises:
        ComponentValueError: it cannot; a date has no hours, for example.
    """
    if isinstance(shown, date | time):
        try:
            format_value(shown, None, date_format)
        except (TypeError, AttributeError) as error:
            msg = f"A Stat's date_format cannot write {shorten(shown)}: {error}"
            raise ComponentValueError(msg) from error
