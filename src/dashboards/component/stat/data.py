"""What a figure is made of."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.utils.translation import gettext

from dashboards.component.figures import look_of, unbroken
from dashboards.component.formats import absolute, format_duration, format_number, format_value

Direction = Literal["up", "down"]

_GLYPHS = {"up": "▲", "down": "▼", "flat": "="}


@dataclass(frozen=True)
class StatChange:
    """How a figure has changed.

    Args:
        by: by how much, a number; its sign gives the direction. ``None`` (and NaN) is not known.
        text: what is shown in place of that number.
        unit: what stands after the number, such as ``"%"``.
        period: in what time: a ``timedelta``, or a few words shown after the number.
        decimals: digits after the point; by default as many as the number has, up to two.
    """

    by: Any = None
    text: Any = ""
    unit: str = ""
    period: str | timedelta = ""
    decimals: int | None = None

    @property
    def direction(self) -> str:
        """``"up"``, ``"down"``, ``"flat"``, or empty where it is not known."""
        if self.by is None:
            return ""
        return "up" if self.by > 0 else "down" if self.by < 0 else "flat"

    @property
    def glyph(self) -> str:
        """A sign for the direction."""
        return _GLYPHS.get(self.direction, "")

    @property
    def amount(self) -> Any:
        """What is shown: the text, or by how much, without its sign."""
        return self.text or format_number(absolute(self.by), self.decimals)

    @property
    def time(self) -> str:
        """In what time, in words."""
        if isinstance(self.period, timedelta):
            time = format_duration(self.period.total_seconds())
            return gettext("in %(time)s") % {"time": time}
        return self.period


@dataclass(frozen=True)
class StatData:
    """What a ``Stat`` shows.

    Args:
        text: the figure. Numbers, dates, times and durations are written as the locale does;
            text stays as it is.
        sub_text: a line below it.
        change: how it has changed: a number, a ``StatChange``, or a dict of its fields.
        sparkline: its course, drawn below it: numbers, the newest last; ``None`` is a gap.
        icon: CSS classes of an icon shown before the figure.
        href: where the figure leads: an address, a view's name, a dashboard, or an object that has
            a ``get_absolute_url``.
        prefix: what stands before the figure, such as ``"€"``.
        unit: what stands after the figure, such as ``"ms"``.
        good: the direction that is good news, ``"up"`` or ``"down"``; by default neither.
        decimals: digits after the point; by default as many as the number has, up to two.
        date_format: a format of Django's ``date`` filter; by default the locale's own.

    What it leaves out of ``href``, ``prefix``, ``unit``, ``good``, ``decimals`` and
    ``date_format`` is as the ``Stat`` declares it.
    """

    text: Any = ""
    sub_text: Any = ""
    change: Any = None
    sparkline: Any = None
    icon: str = ""
    href: Any = None
    prefix: str = ""
    unit: str = ""
    good: Direction | None = None
    decimals: int | None = None
    date_format: str = ""

    @property
    def figure(self) -> Any:
        """The figure in the active locale. Told when it is shown, not when it was given."""
        return format_value(self.text, self.decimals, self.date_format)

    @property
    def shown(self) -> Any:
        """The figure, in which no number is broken; HTML where it has words beside numbers."""
        return unbroken(self.figure)

    @property
    def look(self) -> str:
        """The CSS classes of the figure, by what it is and how long."""
        return look_of(self.figure, f"{self.prefix}{self.unit}")

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but the figure and the line below it, as in most."""
        return not (
            self.change or self.sparkline or self.href or self.icon or self.prefix or self.unit
        )

    @property
    def note(self) -> Any:
        """The line below it in the active locale."""
        return "" if self.sub_text is None else format_value(self.sub_text)

    @property
    def verdict(self) -> str:
        """Whether the change is ``"good"`` or ``"bad"`` news; empty where nothing says so."""
        if self.good is None or self.change is None or self.change.direction not in ("up", "down"):
            return ""
        return "good" if self.change.direction == self.good else "bad"
