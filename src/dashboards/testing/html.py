"""Finds elements in the HTML of a page, and what a viewer reads of them. Standard library only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import accumulate

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_INLINE = frozenset(
    ("a", "abbr", "b", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "time")
)
_UNREAD = frozenset(("noscript", "script", "style", "svg", "template"))
_UNREAD_CLASSES = frozenset(
    (
        "dashboards-chart-data",
        "dashboards-drawing-failed",
        "dashboards-drawing-loading",
        "dashboards-hidden",
    )
)
_DRAWINGS = frozenset(("dashboards-chart", "dashboards-drawing"))
_DATA = re.compile(r'<script type="application/json"[^>]*>(.*?)</script>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a page.

    Args:
        tag: its name, in lower case.
        attributes: its attributes; one without a value has the empty text.
        html: what it contains, as it was sent.
    """

    tag: str
    attributes: Mapping[str, str]
    html: str


def find_elements(html: str, attribute: str = "id") -> dict[str, Element]:
    """Return the elements that have an attribute, by its value; of several the first.

    Args:
        html: the HTML of a page or of a part of it.
        attribute: the name of the attribute.
    """
    finder = _Finder(html, attribute)
    finder.feed(html)
    finder.close()
    return finder.found


def read_text(html: str) -> str:
    """Return the text of HTML as a viewer reads it: without tags, each white space as one space."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.parts).split())


def read_content(html: str) -> str:
    """Return the text of HTML, and the data of the charts in it as JSON."""
    return " ".join(filter(None, (read_text(html), *_DATA.findall(html))))


class _Finder(HTMLParser):
    def __init__(self, html: str, attribute: str) -> None:
        super().__init__()
        self.found: dict[str, Element] = {}
        self._html = html
        self._attribute = attribute
        self._lines = [0, *accumulate(len(line) for line in html.split("\n"))]
        self._open: list[tuple[str, dict[str, str], int]] = []

    @property
    def _offset(self) -> int:
        line, column = self.getpos()
        # Each line before this one ended with a line feed.
        return self._lines[line - 1] + line - 1 + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            attributes = {name: value or "" for name, value in attrs}
            begin = self._offset + len(self.get_starttag_text() or "")
            self._open.append((tag, attributes, begin))

    def handle_endtag(self, tag: str) -> None:
        if not any(each == tag for each, _, _ in self._open):
            return
        while self._open:
            opened, attributes, begin = self._open.pop()
            name = attributes.get(self._attribute)
            if name is not None:
                inner = self._html[begin : self._offset]
                self.found.setdefault(name, Element(opened, attributes, inner))
            if opened == tag:
                return


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        # The open elements: their names, True for those that nobody reads, and True for charts
        # that show their figure, not the words that there is none.
        self._open: list[tuple[str, bool, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")
        if tag in _VOID:
            return
        attributes = dict(attrs)
        classes = set((attributes.get("class") or "").split())
        is_unread = tag in _UNREAD or "hidden" in attributes or bool(classes & _UNREAD_CLASSES)
        if "dashboards-drawing-empty" in classes:
            is_unread = any(is_drawn for _, _, is_drawn in self._open)
        is_drawn = bool(classes & _DRAWINGS) and "data-dashboards-empty" not in attributes
        self._open.append((tag, is_unread, is_drawn))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")
        while any(each == tag for each, _, _ in self._open):
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not any(is_unread for _, is_unread, _ in self._open):
            self.parts.append(data)
