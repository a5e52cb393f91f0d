"""Texts of numbers with their units."""

from django.template.defaultfilters import filesizeformat

from dashboards.component.formats import NOTHING, format_value


def as_milliseconds(seconds: float | None) -> str:
    """Return a duration, such as "12 ms"; a dash if it is not known."""
    if seconds is None:
        return NOTHING
    milliseconds = 1000 * seconds
    digits = 0 if milliseconds >= 10 else 1  # noqa: PLR2004 - two digits are enough
    return f"{format_value(milliseconds, digits)}\N{NO-BREAK SPACE}ms"


def as_percent(value: float | None) -> str:
    """Return a part in percent; a dash if it is not known."""
    return NOTHING if value is None else f"{format_value(value, 0)}\N{NO-BREAK SPACE}%"


def as_bytes(value: int) -> str:
    """Return a number of bytes with its unit; a dash for none."""
    return str(filesizeformat(value)) if value else NOTHING
