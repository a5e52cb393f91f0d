"""The value of a ``Stat``, ready for the template."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Literal

from django.utils.safestring import SafeString
from django.utils.translation import gettext

from dashboards.compat import OldStatChange
from dashboards.component.formats import (
    absolute,
    format_compact,
    format_duration,
    format_number,
    format_value,
    is_number,
)
from dashboards.component.fragments import FragmentValue, placeholder, render_fragment
from dashboards.component.typography import (
    UNBROKEN,
    look_of,
    look_of_unit,
    shorten_figure,
    unbroken,
)
from dashboards.texts import StrOrPromise

Direction = Literal["up", "down"]

_GLYPHS = {"up": "▲", "down": "▼", "flat": "="}
_FIGURE = placeholder("figure")
_NOTE = placeholder("note")


@dataclass(frozen=True)
class StatChange:
    """The change of a figure.

    Args:
        by: the difference, a number; its sign gives the direction. ``None`` and NaN: unknown.
        text: text to show instead of that number.
        unit: text after the number, such as ``"%"``.
        period: the time in which it changed: a ``timedelta``, or a few words shown after the
            number.
        decimals: digits after the decimal point; by default as many as the number has, up to two.
    """

    by: Any = None
    text: Any = ""
    unit: StrOrPromise = ""
    period: StrOrPromise | timedelta = ""
    decimals: int | None = None

    @property
    def direction(self) -> str:
        """``"up"``, ``"down"``, ``"flat"``, or empty if it is unknown."""
        if self.by is None:
            return ""
        return "up" if self.by > 0 else "down" if self.by < 0 else "flat"

    @property
    def glyph(self) -> str:
        """A character that shows the direction."""
        return _GLYPHS.get(self.direction, "")

    @property
    def amount(self) -> Any:
        """The text, or else the difference without its sign; in short if it is long."""
        return self.text or shorten_figure(absolute(self.by), self.decimals)

    @property
    def full(self) -> str:
        """The whole difference, if ``amount`` is short for it."""
        full = "" if self.by is None else format_number(absolute(self.by), self.decimals)
        return "" if self.text or full == self.amount else full

    @property
    def time(self) -> str:
        """The period in words."""
        if isinstance(self.period, timedelta):
            time = format_duration(self.period.total_seconds())
            return gettext("in %(time)s") % {"time": time}
        return str(self.period)


@dataclass(frozen=True)
class StatData(OldStatChange, FragmentValue):
    """The value of a ``Stat``.

    Args:
        text: the figure. Numbers, dates, times and durations are written in the format of the
            locale; text is shown as it is.
        sub_text: a line below it. An empty text keeps the place of the line, so that nothing moves
            when it comes and goes; ``None`` does not.
        change: its change: a number, a ``StatChange``, or a dict of its fields.
        sparkline: a series drawn below it: numbers, the newest last; ``None`` is a gap.
        icon: CSS classes of an icon shown before the figure.
        href: the target of the figure's link: a URL, the name of a view, a dashboard, or an object
            with ``get_absolute_url``.
        prefix: text before the figure, such as ``"€"``.
        unit: text after the figure, such as ``"ms"``.
        good: the direction that is an improvement, ``"up"`` or ``"down"``; by default neither.
        decimals: digits after the decimal point; by default as many as the number has, up to two.
        date_format: a format of Django's ``date`` filter; by default the locale's own.
        compact: ``True`` to write a number in short, such as ``"123.5 M"``.

    Defaults of ``href``, ``prefix``, ``unit``, ``good``, ``decimals``, ``date_format`` and
    ``compact`` are those that the ``Stat`` declares.
    """

    template_name: ClassVar[str] = "dashboards/components/stat.html"

    text: Any = ""
    sub_text: Any = None
    change: Any = None
    sparkline: Any = None
    icon: str = ""
    href: Any = None
    prefix: StrOrPromise = ""
    unit: StrOrPromise = ""
    good: Direction | None = None
    decimals: int | None = None
    date_format: str = ""
    compact: bool | None = None

    @property
    def figure(self) -> Any:
        """The figure as text in the locale that is active when it is shown."""
        if self.compact and is_number(self.text):
            return format_compact(self.text, self.decimals)
        return format_value(self.text, self.decimals, self.date_format)

    @property
    def full(self) -> str:
        """The whole number and its unit, if the figure is short for it."""
        if not (self.compact and is_number(self.text)):
            return ""
        full = format_number(self.text)
        return "" if full == self.figure else f"{self.prefix}{full}\xa0{self.unit}".strip()

    @property
    def shown(self) -> Any:
        """The figure, with no line break within a number; HTML if it has words and numbers."""
        return unbroken(self.figure)

    @property
    def look(self) -> str:
        """The CSS classes of the figure, by its kind and length."""
        figure = self.figure
        unit = "" if look_of_unit(figure, str(self.unit)) else self.unit
        return look_of(figure, f"{self.prefix}{unit}")

    @property
    def unit_look(self) -> str:
        """The CSS class of its unit, by its length."""
        return look_of_unit(self.figure, str(self.unit))

    @property
    def note(self) -> Any:
        """The line below it, as text in the active locale; ``None`` if there is no such line."""
        text = self.sub_text
        if text is None or type(text) is str:  # as most are: without a call
            return text
        return format_value(text)

    def render_cached(self, template: Any) -> SafeString | None:
        """Render a figure and the line below it, as most have no more."""
        if self.change or self.sparkline or self.href or self.icon or self.prefix or self.unit:
            return None
        figure, note = self.figure, self.note
        is_text = isinstance(figure, str) and (note is None or isinstance(note, str))
        if self.compact or not figure or not is_text:
            return None

        def context() -> dict[str, Any]:
            shown_note = _NOTE if note else note
            return {"rendered_value": {"shown": _FIGURE, "look": look, "note": shown_note}}

        look = look_of(figure)
        filled = {_NOTE: note} if note else {}
        filled[_FIGURE] = figure if look.startswith(UNBROKEN) else unbroken(figure)
        return render_fragment(template, (StatData, note and True, look), context, filled)

    @property
    def verdict(self) -> str:
        """``"good"`` or ``"bad"`` for the change; empty if it or the good direction is unknown."""
        if self.good is None or self.change is None or self.change.direction not in ("up", "down"):
            return ""
        return "good" if self.change.direction == self.good else "bad"
