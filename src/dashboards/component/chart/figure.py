"""Plotly figures as JSON texts."""

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
from dashboards.component.drawing import Data
from dashboards.component.texts import shorten
from dashboards.exceptions import ComponentValueError

_MAX_DIGITS = 308

# What holds the points of a trace, of whatever type.
POINTS = (
    *("x", "y", "z", "a", "b", "c", "r", "theta", "real", "imag", "lat", "lon", "locations"),
    *("values", "labels", "parents", "value", "open", "close", "q1", "median"),
    *("dimensions", "link", "cells", "source"),
)


def as_text(kind: str, value: Any) -> Data:
    """Return a figure as JSON text that is safe inside ``<script>``.

    A template that nobody chose, which is plotly.py's default, is left out: what the figure leaves
    open then follows the page.

    Args:
        kind: the component's name, for errors.
        value: a Plotly figure, its JSON text or a dict of one.

    Raises:
        ComponentValueError: when it is none.
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
    is_left = _leave_unchosen(figure)
    if modernize(kind, figure) or is_left:
        text = json.dumps(figure, separators=(",", ":"))
    return Data(text, is_empty=not has_points(figure))


def has_points(figure: Mapping[str, Any]) -> bool:
    """Whether a figure, as JSON has it, has anything to draw."""
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
        field = field["bdata"]  # A column of NumPy's, packed.
    # A number is enough: that of an indicator, 0 included.
    return bool(field) or (isinstance(field, int | float) and not isinstance(field, bool))


def encode(value: Any, allowed: str) -> str:
    """Return JSON text of what may hold columns of NumPy, pandas or polars, and dates.

    Raises:
        ComponentValueError: when it cannot be written as JSON; it begins with ``allowed``.
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
        """Also writes what is a text, and refuses what would be drawn as something else.

        Always in the same way: plotly's own function takes another library where that is
        installed.
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
    """Wait for a library that another thread is importing in this moment.

    plotly.py takes whatever is in ``sys.modules``: of a module that is half there it asks for names
    that are not. To import it waits for the other thread.
    """
    for name in names:
        if name in sys.modules:
            import_module(name)


_TOO_LARGE = "{} is larger than any number that a browser knows"
_DIGITS = re.compile(r"\d{309}")


def _check_numbers(text: str) -> None:
    """Refuse whole numbers of JSON text that a browser would read as infinite.

    Raises:
        ValueError: there is one.
    """

    def check(digits: str) -> int:
        if len(digits.removeprefix("-")) > _MAX_DIGITS:
            raise ValueError(_TOO_LARGE.format(f"A number of {len(digits)} digits"))
        return 0

    if _DIGITS.search(text):
        json.loads(text, parse_int=check)


def is_list(value: Any) -> bool:
    """Whether a value is a sequence, and no text."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _refuse(constant: str) -> None:
    # Python reads NaN and the infinities; a browser's JSON.parse does not.
    msg = f"{constant} is not a number that JSON knows"
    raise ValueError(msg)


def _to_json(value: Any, allowed: str) -> str:
    figure = value.to_plotly_json() if hasattr(value, "to_plotly_json") else value
    if not isinstance(figure, Mapping):
        msg = f"{allowed}, got {shorten(value)}."
        raise ComponentValueError(msg)
    return encode(dict(figure), allowed)


def _leave_unchosen(figure: Mapping[str, Any]) -> bool:
    layout = figure.get("layout")
    if not isinstance(layout, dict) or not layout.get("template"):
        return False
    default = _default_template()
    if layout["template"] != default:
        return False
    del layout["template"]
    # plotly.express also writes some of what is in the template, and room for a title.
    if layout.get("margin") == {"t": 60}:
        del layout["margin"]
    scale = default["layout"]["colorscale"]["sequential"]
    for name, axis in layout.items():
        if name.startswith("coloraxis") and axis.get("colorscale") == scale:
            del axis["colorscale"]
    return True


@cache
def _default_template() -> Any:
    """Return what plotly.py writes into every figure unless it is told otherwise."""
    # Found, not imported: the figure may have been made elsewhere, and importing plotly is slow.
    spec = find_spec("plotly")
    if not spec or not spec.origin:
        return None
    path = Path(spec.origin).parent / "package_data" / "templates" / "plotly.json"
    return json.loads(path.read_text()) if path.is_file() else None
