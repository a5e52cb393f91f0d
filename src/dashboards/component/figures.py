"""Figures in large type: a number in one is never broken, however narrow its box."""

import re
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeData, SafeString

from dashboards.component.fragments import escape

_NUMBER = re.compile(r"[+\u2212-]?\d(?:[\d.,:'\u2019/\xa0\u202f-]| (?=\d{3}(?!\d)))*")
_ONE = re.compile(rf"{_NUMBER.pattern}|(?=.*\d)[^ \t\n]{{1,32}}")
"""A number, or a text that is no sentence: not broken at all."""
_SIZES = ((22, "longest"), (14, "longer"), (9, "long"))
"""From how many characters on a number is written smaller: as many as fit half a phone."""
_LONG = _SIZES[-1][0]


def unbroken(figure: Any) -> Any:
    """Return a figure whose numbers are not broken where its words are; HTML where it has both.

    A figure that is one number, or that has none, is returned as it is, as is safe HTML.
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
        # A lone digit has nothing to break.
        shown = f'<span class="dashboards-figure">{number}</span>' if len(number) > 1 else number
        parts += [escape(figure[end : found.start()]), shown]
        end = found.end()
    return SafeString("".join((*parts, escape(figure[end:]))))


def look_of(figure: Any, beside: str = "") -> str:
    """Return the CSS classes of a figure, each with a space before it: its kind and its length.

    Args:
        figure: the figure as it is shown.
        beside: what stands on the same line, such as its unit.
    """
    text = str(figure)
    if _ONE.fullmatch(text):
        length, look = len(text) + len(beside), " dashboards-figure"
    else:
        length, look = max((len(each) for each in _NUMBER.findall(text)), default=0), ""
    if length <= _LONG:
        return look
    return look + next(f" dashboards-is-{size}" for most, size in _SIZES if length > most)
