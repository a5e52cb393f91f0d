"""Translation of figures that were written for older releases of Plotly.

plotly.js ignores unknown attributes, so such a figure would lose its titles without an error. The
tables contain the differences between the schemas of Plotly 5.24 and 7.1, and the aliases that
``graph_objects`` of both releases of plotly.py accepted. What cannot be translated is an error.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dashboards.exceptions import ComponentValueError

TRACES = {
    "heatmapgl": "heatmap",
    "scattermapbox": "scattermap",
    "choroplethmapbox": "choroplethmap",
    "densitymapbox": "densitymap",
}
"""Renamed types of traces."""

REFUSED_TRACES = {"pointcloud": 'use "scattergl", with x and y for xy'}
"""Removed types of traces, and what to use instead."""

TITLES = {
    "titlefont": "font",
    "titleposition": "position",
    "titleside": "side",
    "titleoffset": "offset",
}
"""Attributes that are now part of ``title``: their new names by their old ones."""

REFUSED = {"transforms": "filter, group, sort or aggregate the data in Python"}
"""Removed attributes of traces, and what to do instead."""

DROPPED = ("hidesources", "stream")
"""Attributes of chart-studio, which have no effect on a drawing."""

# Data of the figure's author: any keys are allowed, so nothing in it is translated.
_OPAQUE = ("customdata", "meta", "geojson")
_MAPBOX = re.compile(r"mapbox(\d*)")


def modernize(kind: str, figure: dict[str, Any]) -> bool:
    """Translate old attributes of a figure, in place.

    Args:
        kind: the component's name, for error messages.
        figure: the figure, read from JSON.

    Returns:
        True if anything was changed.

    Raises:
        ComponentValueError: the figure has something that was removed without replacement, or a
            type of trace that the installed plotly does not have.
    """
    return _Translation(kind).translate(figure)


class _Translation:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.is_changed = False

    def translate(self, figure: dict[str, Any]) -> bool:
        for trace in _traces(figure):
            self._trace(trace)
        for part in _parts(figure):
            self._maps(part.get("layout"))
        for name in ("data", "layout", "frames"):
            self._titles(figure.get(name))
        return self.is_changed

    def _refuse(self, what: str, cure: str) -> None:
        msg = f"A {self.kind}'s figure has {what}, which plotly.js does not draw: {cure}."
        raise ComponentValueError(msg)

    def _trace(self, trace: dict[str, Any]) -> None:
        kind = trace.get("type")
        if isinstance(kind, str):
            if kind in REFUSED_TRACES:
                self._refuse(f"a trace of type {kind!r}", REFUSED_TRACES[kind])
            if kind in TRACES:
                trace["type"] = kind = TRACES[kind]
                self.is_changed = True
            known = trace_types()
            if known and kind not in known:
                self._refuse(f"a trace of type {kind!r}", f"its types are {', '.join(known)}")
        for name, cure in REFUSED.items():
            if trace.get(name):
                self._refuse(f"{name!r} in a trace", cure)
        if isinstance(subplot := trace.get("subplot"), str) and _MAPBOX.fullmatch(subplot):
            trace["subplot"] = _MAPBOX.sub(r"map\1", subplot)
            self.is_changed = True
        if "bardir" in trace:
            trace.setdefault("orientation", trace.pop("bardir"))
            self.is_changed = True

    def _maps(self, layout: Any) -> None:
        if not isinstance(layout, dict):
            return
        for name in [name for name in layout if _MAPBOX.fullmatch(name)]:
            subplot = layout.pop(name)
            self.is_changed = True
            if not isinstance(subplot, dict):
                continue
            subplot.pop("accesstoken", None)
            style = subplot.get("style")
            if isinstance(style, str) and style.startswith("mapbox:"):
                self._refuse(f"the style {style!r}", "name a style of MapLibre, such as its URL")
            layout.setdefault(_MAPBOX.sub(r"map\1", name), subplot)
        template = layout.get("template")
        if isinstance(template, dict):
            self._maps(template.get("layout"))

    def _titles(self, node: Any) -> None:
        if isinstance(node, list):
            # Only the first element is checked: lists of points are long, and contain no dicts.
            if node and isinstance(node[0], dict | list):
                for each in node:
                    self._titles(each)
        elif isinstance(node, dict):
            self._attributes(node)
            for name, value in node.items():
                if name not in _OPAQUE:
                    self._titles(value)

    def _attributes(self, node: dict[str, Any]) -> None:
        for name in DROPPED:
            self.is_changed |= node.pop(name, None) is not None
        if isinstance(title := node.get("title"), str | int | float):
            node["title"] = {"text": str(title)}
            self.is_changed = True
        for name in TITLES.keys() & node.keys():
            self._move(node, name)
        if "autotick" in node:
            node.setdefault("tickmode", "auto" if node.pop("autotick") else "linear")
            self.is_changed = True

    def _move(self, node: dict[str, Any], name: str) -> None:
        value = node.pop(name)
        self.is_changed = True
        title = node.get("title")
        if value is not None:
            node["title"] = {TITLES[name]: value, **(title if isinstance(title, dict) else {})}


def _parts(figure: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the figure and each of its frames: all have data and a layout."""
    yield figure
    frames = figure.get("frames")
    if isinstance(frames, list):
        yield from (each for each in frames if isinstance(each, dict))


def _traces(figure: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in _parts(figure):
        data = part.get("data")
        for trace in data if isinstance(data, list) else [data]:
            if isinstance(trace, dict):
                yield trace


@cache
def trace_types() -> tuple[str, ...]:
    """Return the types of traces of the installed plotly; empty if it is not installed."""
    # Its files are listed without importing plotly, which is slow. Each type of trace has a module
    # and a package of its name; apart from these only "layout" has both.
    spec = find_spec("plotly")
    if not spec or not spec.origin:
        return ()
    folder = Path(spec.origin).parent / "graph_objs"
    names = {each.stem.removeprefix("_") for each in folder.glob("_*.py")}
    packages = {each.name for each in folder.iterdir() if each.is_dir()} if names else set()
    return tuple(sorted((names & packages) - {"layout"}))
