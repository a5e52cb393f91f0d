"""Conversion of Plotly figures to JSON."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

from dashboards.component.chart.schema import modernize
from dashboards.component.conversion import shorten
from dashboards.component.drawing import Data
from dashboards.exceptions import ComponentValueError

_MAX_DIGITS = 308

# The attributes of traces, of all types, that contain points.
POINTS = (
    *("x", "y", "z", "a", "b", "c", "r", "theta", "real", "imag", "lat", "lon", "locations"),
    *("values", "labels", "parents", "value", "open", "close", "q1", "median"),
    *("dimensions", "link", "cells", "source"),
)


def as_text(kind: str, value: Any) -> Data:
    """Return a figure as JSON text that is safe inside ``<script>``.

    The default template, which plotly.py adds to each figure, is removed: then colours and the
    like follow the page.

    Args:
        kind: the component's name, for error messages.
        value: a Plotly figure, its JSON text or a dict of one.

    Raises:
        ComponentValueError: it is not a figure.
    """
    allowed = f"A {kind}'s value must be a Plotly figure, its JSON text or a dict"
    text = value if isinstance(value, str) else _to_json(value, allowed)
    try:
        figure = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        msg = f"{allowed}, got {text[:80]!r}, which is not JSON: {error}."
        raise ComponentValueError(msg) from error
    if not isinstance(figure, dict):
        msg = f"{allowed} with data and layout, got {text[:80]!r}."
        raise ComponentValueError(msg)
    _check_members(allowed, figure)
    is_changed = _remove_default_template(figure)
    if modernize(kind, figure) or is_changed:
        text = json.dumps(figure, separators=(",", ":"))
    return Data(text, is_empty=not has_points(figure))


def _check_members(allowed: str, figure: Mapping[str, Any]) -> None:
    """Check that data is a list of traces, and layout and config are objects, if they are there."""
    traces = figure.get("data")
    if isinstance(traces, list):
        wrong = next((each for each in traces if not isinstance(each, dict | None)), None)
    else:
        wrong = None if isinstance(traces, dict | None) else traces
    if wrong is not None:
        msg = f"{allowed}, whose data is a list of traces, which are dicts; got {shorten(wrong)}."
        raise ComponentValueError(msg)
    for name in ("layout", "config"):
        if not isinstance(member := figure.get(name), dict | None):
            msg = f"{allowed}, whose {name} is a dict; got {shorten(member)}."
            raise ComponentValueError(msg)


def has_points(figure: Mapping[str, Any]) -> bool:
    """Return True if a figure, read from JSON, has anything to draw."""
    traces = figure.get("data") or ()
    if isinstance(traces, Mapping):
        traces = [traces]
    return any(
        _is_filled(trace[name])
        for trace in traces
        if isinstance(trace, Mapping)
        for name in POINTS
        if name in trace
    )


def _is_filled(field: Any) -> bool:
    if isinstance(field, Mapping) and "bdata" in field:
        field = field["bdata"]  # An array of NumPy, in base64.
    # The value of an indicator is a single number, which may be 0.
    return bool(field) or (isinstance(field, int | float) and not isinstance(field, bool))


def encode(value: Any, allowed: str) -> str:
    """Return a value as JSON text. It may contain columns of NumPy, pandas or polars, and dates.

    Args:
        value: the value.
        allowed: the beginning of the error message.

    Raises:
        ComponentValueError: the value cannot be encoded as JSON.
    """
    try:
        text = json.dumps(value, cls=_encoder(), separators=(",", ":"))
        _check_numbers(text)
    except (TypeError, ValueError) as error:
        msg = f"{allowed}, got {shorten(value)}, which cannot be written as JSON: {error}."
        raise ComponentValueError(msg) from error
    return text


@cache
def _encoder() -> type[json.JSONEncoder]:
    # Optional, and slow to import: only a process that renders a figure needs it.
    from plotly.utils import PlotlyJSONEncoder  # noqa: PLC0415

    class Encoder(PlotlyJSONEncoder):  # type: ignore[misc] # brings no types
        """Also encodes lazy texts, UUIDs and enumerations; rejects values drawn incorrectly.

        plotly's own function is not used, because it encodes differently if orjson is installed.
        """

        def default(self, o: Any) -> Any:
            if isinstance(o, Promise | UUID):
                return str(o)
            if isinstance(o, Enum):
                return getattr(o, "label", o.value)
            if isinstance(o, range):
                return list(o)
            if isinstance(o, timedelta | memoryview):
                msg = f"{shorten(o)} is no point of an axis; give a number, such as its seconds"
                raise TypeError(msg)
            if isinstance(o, Decimal) and o.is_snan():
                return None
            if isinstance(o, Decimal) and o.is_finite() and abs(float(o)) == float("inf"):
                raise TypeError(_TOO_LARGE.format(shorten(o)))
            _wait_for_imports()
            return super().default(o)

    return Encoder


def _wait_for_imports(names: Sequence[str] = ("numpy", "pandas")) -> None:
    """Wait until another thread has imported a library.

    plotly.py uses modules from ``sys.modules`` even while another thread still imports them, and
    then fails on names that are not defined yet. An import waits for the other thread.
    """
    for name in names:
        if name in sys.modules:
            import_module(name)


_TOO_LARGE = "{} is larger than any number that a browser knows"
_DIGITS = re.compile(r"\d{309}")


def _check_numbers(text: str) -> None:
    """Check JSON text for integers that a browser would read as infinite.

    Raises:
        ValueError: it contains one.
    """

    def check(digits: str) -> int:
        if len(digits.removeprefix("-")) > _MAX_DIGITS:
            raise ValueError(_TOO_LARGE.format(f"A number of {len(digits)} digits"))
        return 0

    if _DIGITS.search(text):
        json.loads(text, parse_int=check)


def is_list(value: Any) -> bool:
    """Return True for a sequence that is not a text."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _refuse(constant: str) -> None:
    # Python's json accepts NaN and the infinities; JSON.parse() of browsers does not.
    msg = f"{constant} is not a number that JSON knows"
    raise ValueError(msg)


def _to_json(value: Any, allowed: str) -> str:
    figure = value.to_plotly_json() if hasattr(value, "to_plotly_json") else value
    if not isinstance(figure, Mapping):
        msg = f"{allowed}, got {shorten(value)}."
        raise ComponentValueError(msg)
    return encode(dict(figure), allowed)


def _remove_default_template(figure: Mapping[str, Any]) -> bool:
    """Remove the default template from a figure; return True if it had it."""
    layout = figure.get("layout")
    if not isinstance(layout, dict) or not layout.get("template"):
        return False
    default = _default_template()
    if layout["template"] != default:
        return False
    del layout["template"]
    # plotly.express also copies parts of the template, and adds a margin for a title.
    if layout.get("margin") == {"t": 60}:
        del layout["margin"]
    scale = default["layout"]["colorscale"]["sequential"]
    for name, axis in layout.items():
        if name.startswith("coloraxis") and axis.get("colorscale") == scale:
            del axis["colorscale"]
    return True


@cache
def _default_template() -> Any:
    """Return the template that plotly.py adds to each figure by default."""
    # The file is read without importing plotly, which is slow: figures may be made elsewhere.
    spec = find_spec("plotly")
    if not spec or not spec.origin:
        return None
    path = Path(spec.origin).parent / "package_data" / "templates" / "plotly.json"
    return json.loads(path.read_text()) if path.is_file() else None
