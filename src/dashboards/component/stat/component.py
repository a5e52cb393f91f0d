"""One figure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from types import FunctionType
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString

from dashboards.component.base import Bound, Component, declaring
from dashboards.component.figures import look_of, unbroken
from dashboards.component.formats import format_value, is_finite, is_number
from dashboards.component.fragments import escape, placeholder, render_fragment
from dashboards.component.links import resolve_url
from dashboards.component.stat.data import Direction, StatChange, StatData
from dashboards.component.stat.serializers import StatSerializer
from dashboards.component.stat.sparkline import as_sparkline
from dashboards.component.texts import as_text, is_missing, shorten
from dashboards.component.values import as_data, as_decimals, as_number
from dashboards.exceptions import ComponentValueError, DeclarationError

_BARE = frozenset({int, float, str})
_GOOD = ("up", "down", None)
_FIGURE = placeholder("figure")
_NOTE = placeholder("note")


@dataclass
class Stat(Component):
    """A figure in large type. Its value is a ``StatData``, a dict of its fields, or the figure.

    It may also be a ``StatSerializer`` class, which says what of a model is counted.

    Args:
        href: where the figure leads: an address, a view's name, a dashboard, or an object that has
            a ``get_absolute_url``.
        prefix: what stands before a number, such as ``"€"``.
        unit: what stands after a number, such as ``"ms"``.
        good: the direction of change that is good news, ``"up"`` or ``"down"``; by default neither.
        decimals: digits after the point; by default as many as a number has, up to two.
        date_format: a format of Django's ``date`` filter, for dates; by default the locale's own.

    What a value says itself goes before these.
    """

    template: str = "dashboards/components/stat.html"
    href: Any = None
    prefix: str = ""
    unit: str = ""
    good: Direction | None = None
    decimals: int | None = None
    date_format: str = ""

    def __post_init__(self) -> None:
        """Take the heading from a serializer that has one.

        Raises:
            DeclarationError: ``good`` is no direction, or ``decimals`` no number of digits.
        """
        if self.good not in _GOOD:
            msg = f'{type(self).__name__}(good={self.good!r}): good must be "up", "down" or None.'
            raise DeclarationError(msg)
        with declaring(self, f"decimals={self.decimals!r}"):
            as_decimals("Stat", self.decimals)
        for given in (self.value, self.defer):
            if self.title is None and isinstance(given, type) and issubclass(given, StatSerializer):
                self.title = given.get_option("title")

    def prepare_value(self, value: Any, bound: Bound | None = None) -> StatData | None:
        """Return a ``StatData``; ``None`` if there is no value yet.

        Its link may lead to a dashboard of the object that ``bound`` has.
        """
        if value is None:
            return None
        if isinstance(value, StatSerializer):
            value = value.data
        data = as_data("Stat", StatData, value, short="text")
        # A bare figure leaves all else as it is by default.
        is_bare = type(value) in _BARE or not isinstance(value, StatData | Mapping)
        data = _as_figure(data) if is_bare else _clean(data)
        href = self.href if data.href is None else data.href
        # What was declared of a number is not said of a word in its place.
        declared = self if is_number(data.text) else data
        date_format = data.date_format or self.date_format
        if date_format:
            _check_date_format(date_format, data.text)
        if href in (None, ""):
            href = None
        else:
            href = resolve_url(_as_target(href), None if bound is None else bound.object)
        return _replace(
            data,
            href=href,
            prefix=data.prefix or declared.prefix,
            unit=(data.unit or declared.unit).strip(),
            good=self.good if data.good is None else data.good,
            decimals=as_decimals("Stat", self.decimals if data.decimals is None else data.decimals),
            date_format=date_format,
        )

    def _render_cached(self, template: Any, value: Any) -> SafeString | None:
        """Render a figure and the line below it, which is all that most have."""
        # Of the package's own templates another, sse_stat.html, says more.
        if self.template != Stat.template:
            return None
        if not isinstance(value, StatData) or not value.is_plain:
            return None
        figure, note = value.figure, value.note
        if not (figure and isinstance(figure, str) and isinstance(note, str)):
            return None

        def context() -> dict[str, Any]:
            return {
                "rendered_value": {
                    "shown": _FIGURE,
                    "look": look,
                    "note": _NOTE if note else "",
                }
            }

        look = look_of(figure)
        texts = {_NOTE: escape(note), _FIGURE: escape(unbroken(figure))}
        return render_fragment(template, (Stat, bool(note), look), context, texts)


def _replace(data: StatData, **fields: Any) -> StatData:
    """Return the data with other fields; the same where no field differs, which is faster."""
    for name, value in fields.items():
        if getattr(data, name) is not value:
            return replace(data, **fields)
    return data


def _as_figure(data: StatData) -> StatData:
    return _replace(data, text=as_text("Stat", "text", data.text))


def _clean(data: StatData) -> StatData:
    """Return what a value says itself as texts that a template can write.

    Raises:
        ComponentValueError: it says something that is none.
    """
    good: object = data.good
    if not (good is None or (isinstance(good, str) and good in _GOOD)):
        msg = f"A Stat's good must be 'up', 'down' or None, got {shorten(good)}."
        raise ComponentValueError(msg)
    texts = {
        # Most are plain text, which is returned as it is.
        name: value if type(value := getattr(data, name)) is str else as_text("Stat", name, value)
        for name in ("text", "sub_text", "icon", "prefix", "unit", "date_format")
    }
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
    """Refuse a format that what is shown cannot be written in.

    Raises:
        ComponentValueError: a date has no hours, say.
    """
    if isinstance(shown, date | time):
        try:
            format_value(shown, None, date_format)
        except (TypeError, AttributeError) as error:
            msg = f"A Stat's date_format cannot write {shorten(shown)}: {error}"
            raise ComponentValueError(msg) from error
