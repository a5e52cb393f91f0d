"""Figures in large type: line breaks that never split a number, and sizes by length."""

import re
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeData, SafeString

from dashboards.component.fragments import escape

_NUMBER = re.compile(r"[+\u2212-]?\d(?:[\d.,:'\u2019/\xa0\u202f-]| (?=\d{3}(?!\d)))*")
_ONE = re.compile(rf"{_NUMBER.pattern}|(?=.*\d)[^ \t\n]{{1,32}}")
"""A number, or one word with a digit: it is not broken at all."""
_SIZES = ((22, "longest"), (14, "longer"), (9, "long"))
"""A number of more characters is written smaller. 9 fit into half the width of a phone."""
_LONG = _SIZES[-1][0]
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


def look_of(figure: Any, beside: str = "") -> str:
    """Return the CSS classes of a figure by its kind and length, with a space before each.

    Args:
        figure: the figure as it is shown.
        beside: other text on the same line, such as its unit.
    """
    text = str(figure)
    if _ONE.fullmatch(text):
        length, look = len(text) + len(beside), UNBROKEN
    else:
        length, look = max((len(each) for each in _NUMBER.findall(text)), default=0), ""
    if length <= _LONG:
        return look
    return look + next(f" dashboards-is-{size}" for most, size in _SIZES if length > most)
