"""Figures in large type: line breaks that never split a number, and sizes by length."""

import re
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeData, SafeString

from dashboards.component.formats import format_compact, format_number
from dashboards.component.fragments import escape

_NUMBER = re.compile(r"[+\u2212-]?\d(?:[\d.,:'\u2019/\xa0\u202f-]| (?=\d{3}(?!\d)))*")
_ONE = re.compile(rf"{_NUMBER.pattern}|(?=.*\d)[^ \t\n]{{1,32}}")
"""A number, or one word with a digit: it is not broken at all."""
_LENGTHS = (6, 9, 12, 15, 19, 24, 32)
"""A number of more characters is written smaller; each step has a CSS class."""
_LONGEST_FIGURE = 9
"""A longer number does not fit into a gauge, nor beside an arrow."""
_LONGEST_UNIT = 5
_LONGEST_LINE = 12
"""A longer unit is on a line of its own if it makes the line with its figure longer than this."""
UNBROKEN = " dashboards-figure"
"""The class of a figure that is one number."""


def unbroken(figure: Any) -> Any:
    """Return a figure as HTML in which lines break between words but not within numbers.

    A figure that is one number, one without a number, and safe HTML are returned as they are.
    """
    if isinstance(figure, Promise):
        figure = str(figure)
    if not isinstance(figure, str) or isinstance(figure, SafeData):
        return figure
    if _ONE.fullmatch(figure) or not _NUMBER.search(figure):
        return figure
    parts, end = [], 0
    for found in _NUMBER.finditer(figure):
        number = escape(found[0])
        # A single digit cannot be broken.
        shown = f'<span class="dashboards-figure">{number}</span>' if len(number) > 1 else number
        parts += [escape(figure[end : found.start()]), shown]
        end = found.end()
    return SafeString("".join((*parts, escape(figure[end:]))))


def look_of(figure: Any, beside: str = "", *, in_dial: bool = False) -> str:
    """Return the CSS classes of a figure by its kind and length, with a space before each.

    Args:
        figure: the figure as it is shown.
        beside: its prefix and its unit, if they are on the same line.
        in_dial: True for a text in a gauge, whose arc leaves place for one line of a short text,
            and for about two of a longer one.
    """
    text = str(figure)
    if _ONE.fullmatch(text):
        length, look = len(text) + len(beside), UNBROKEN
    else:
        length, look = max((len(each) for each in _NUMBER.findall(text)), default=0), ""
    if in_dial:
        is_short = len(text) <= _LONGEST_FIGURE
        lines = [text] if is_short else [*text.split(), text[: (len(text) + 1) // 2]]
        length = max(length, *map(len, lines))
    if length <= _LENGTHS[0]:
        return look
    step = next((each for each in _LENGTHS if length <= each), "most")
    return f"{look} dashboards-length-{step}"


def shorten_figure(number: Any, decimals: int | None = None) -> str:
    """Return a number as text; in short if it has too many characters for a narrow place."""
    text = format_number(number, decimals)
    return text if len(text) <= _LONGEST_FIGURE else format_compact(number)


def look_of_unit(figure: Any, unit: str) -> str:
    """Return the CSS class of a unit that is shown below its figure, with a space before it."""
    is_below = len(unit) > _LONGEST_UNIT and len(str(figure)) + len(unit) > _LONGEST_LINE
    return " dashboards-is-below" if is_below else ""
