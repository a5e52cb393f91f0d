"""The value of a ``Stat``, ready for the template."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.utils.translation import gettext

from dashboards.compat import accept_old_stat_change
from dashboards.component.formats import absolute, format_duration, format_number, format_value
from dashboards.component.typography import look_of, unbroken
from dashboards.texts import StrOrPromise

Direction = Literal["up", "down"]

_GLYPHS = {"up": "▲", "down": "▼", "flat": "="}


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
        """The text, or else the difference without its sign."""
        return self.text or format_number(absolute(self.by), self.decimals)

    @property
    def time(self) -> str:
        """The period in words."""
        if isinstance(self.period, timedelta):
            time = format_duration(self.period.total_seconds())
            return gettext("in %(time)s") % {"time": time}
        return str(self.period)


@accept_old_stat_change
@dataclass(frozen=True)
class StatData:
    """The value of a ``Stat``.

    Args:
        text: the figure. Numbers, dates, times and durations are written in the format of the
            locale; text is shown as it is.
        sub_text: a line below it.
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

    Defaults of ``href``, ``prefix``, ``unit``, ``good``, ``decimals`` and ``date_format`` are
    those that the ``Stat`` declares.
    """

    text: Any = ""
    sub_text: Any = ""
    change: Any = None
    sparkline: Any = None
    icon: str = ""
    href: Any = None
    prefix: StrOrPromise = ""
    unit: StrOrPromise = ""
    good: Direction | None = None
    decimals: int | None = None
    date_format: str = ""

    @property
    def figure(self) -> Any:
        """The figure as text in the locale that is active when it is shown."""
        return format_value(self.text, self.decimals, self.date_format)

    @property
    def shown(self) -> Any:
        """The figure, with no line break within a number; HTML if it has words and numbers."""
        return unbroken(self.figure)

    @property
    def look(self) -> str:
        """The CSS classes of the figure, by its kind and length."""
        return look_of(self.figure, f"{self.prefix}{self.unit}")

    @property
    def note(self) -> Any:
        """The line below it, as text in the active locale."""
        text = self.sub_text
        if type(text) is str:  # as most are: without a call
            return text
        return "" if text is None else format_value(text)

    @property
    def plain_texts(self) -> tuple[str, str] | None:
        """The figure and the line below it, as most have no more; ``None`` if there is more."""
        if self.change or self.sparkline or self.href or self.icon or self.prefix or self.unit:
            return None
        figure, note = self.figure, self.note
        is_text = isinstance(figure, str) and isinstance(note, str)
        return (figure, note) if figure and is_text else None

    @property
    def verdict(self) -> str:
        """``"good"`` or ``"bad"`` for the change; empty if it or the good direction is unknown."""
        if self.good is None or self.change is None or self.change.direction not in ("up", "down"):
            return ""
        return "good" if self.change.direction == self.good else "bad"
