"""Recognizing frames that another release rendered, of this package or of the project's code.

A frame begins with an HTML comment that contains two hashes. The first is of its structure: the
markup of this package, the kind of component, its template. The second is of the declaration. A
computed value is shown only if both are equal to the current ones; otherwise it is computed again.
A pushed value cannot be computed again, so it is shown as long as its structure is equal. A second
comment contains the time of the value. A series has that comment before its points.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

from django.template import Template
from django.template.base import Node
from django.template.loader import get_template
from django.template.loader_tags import ExtendsNode, IncludeNode
from django.utils.functional import Promise
from django.utils.safestring import SafeString

SCHEMA = 1
"""The version of the markup. Raise it when scripts or CSS no longer work with older frames."""

_MARK = re.compile(r"<!--dashboards ([0-9a-f]{8})\.([0-9a-f]{8})-->(?:<!--at (\d+\.\d)-->)?")
TIME_MARK = "<!--at %.1f-->"
"""The comment with the time of a value, in seconds since 1970. It is behind that of the release, so
that an older release still reads that one."""
_POINTS_MARK = re.compile(r"<!--at (\d+\.\d)--><script")


class Release(NamedTuple):
    """The release that rendered a frame."""

    structure: str
    """A hash of the markup, the kind of component and its template."""
    declaration: str
    """A hash of the declaration."""
    name: str
    """Both hashes, with a dot between them."""
    mark: SafeString
    """The comment that begins its frames."""

    def shows(self, frame: str, *, is_pushed: bool) -> bool:
        """Return True if this release can show a stored frame.

        Args:
            frame: the frame.
            is_pushed: True if its value was pushed, so that it cannot be computed again.
        """
        match = _MARK.match(frame)
        if match is None or match[1] != self.structure:
            return False
        return is_pushed or match[2] == self.declaration

    def is_another_kind(self, frame: str) -> bool:
        """Return True if a stored frame was rendered with another structure."""
        match = _MARK.match(frame)
        return match is not None and match[1] != self.structure


_PLAIN = (str, bytes, int, float, complex, Decimal, date, time, timedelta, type(None))
"""Types whose ``repr()`` is the whole value, and the same in every process."""


def strip_mark(frame: str) -> str:
    """Return the HTML of a frame without the comments of its release and its time."""
    return _MARK.sub("", frame, count=1)


def read_time(frame: str) -> float | None:
    """Return the time of a frame's value, in seconds since 1970; ``None`` if it has none."""
    match = _MARK.match(frame)
    if match and match[3]:
        return float(match[3])
    # The points of a series, which are behind their base.
    match = _POINTS_MARK.search(frame)
    return float(match[1]) if match else None


def make_release(component: Any) -> Release:
    """Return the release that renders the frames of a declaration, a ``Component``, now."""
    kind = type(component)
    described = f"{SCHEMA} {kind.__module__}.{kind.__qualname__} {component.template}"
    structure = _hash(described + "".join(_get_sources(component.template)))
    declaration = _hash(_describe(component))
    name = f"{structure}.{declaration}"
    return Release(structure, declaration, name, SafeString(f"<!--dashboards {name}-->"))


def _hash(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]


@cache
def _get_sources(name: str) -> tuple[str, ...]:
    """Return the text of a template and of those that it includes or extends by a fixed name."""
    found: dict[str, str] = {}
    _collect(name, found)
    return tuple(found.values())


def _collect(name: str, found: dict[str, str]) -> None:
    if name in found:
        return
    template: Any = get_template(name)
    template = template.template
    source = getattr(template, "source", None)
    if source is None:
        # An engine that keeps no text, such as Jinja2: it is read from the file.
        source = _read(getattr(template, "filename", None))
    found[name] = source
    if isinstance(template, Template):
        for other in _get_names(template):
            _collect(other, found)


def _read(path: str | None) -> str:
    try:
        with open(path or "", encoding="utf-8") as file:  # noqa: PTH123 - a path of text
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _get_names(template: Template) -> Iterator[str]:
    nodes: list[Node] = template.nodelist.get_nodes_by_type((ExtendsNode, IncludeNode))  # type: ignore[arg-type]
    for node in nodes:
        given = node.parent_name if isinstance(node, ExtendsNode) else node.template  # type: ignore[attr-defined]
        if isinstance(name := getattr(given, "var", None), str):
            yield name


def _describe(value: Any) -> str:
    """Return a text of a declared value that is the same in every process."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if is_dataclass(value) and not isinstance(value, type):
        parts = {each.name: getattr(value, each.name) for each in fields(value)}
        return f"{kind}({_describe(parts)})"
    if isinstance(value, Promise):
        # A lazy text: the function and its arguments. Its text depends on the language.
        return f"{kind}{_describe(value.__reduce__()[1][:3])}"
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, Mapping):
        return f"<{', '.join(f'{key!r}: {_describe(each)}' for key, each in value.items())}>"
    if isinstance(value, list | tuple | set | frozenset):
        items = list(map(_describe, value))
        return f"[{', '.join(items if isinstance(value, list | tuple) else sorted(items))}]"
    # A function, a class, a queryset: its repr may contain an address, or query the database.
    return f"<{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', kind)}>"
