"""The text that components show for a value: the cells of docs/values.md."""

import datetime as dt
import html
import json
import re
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from django.test import RequestFactory
from django.utils.translation import gettext_lazy

from dashboards.component import (
    BasicTable,
    Chart,
    Component,
    Gauge,
    Map,
    Progress,
    Stat,
    Table,
    Text,
)
from dashboards.component.live import render_broadcast
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from dashboards.live.wire.frames import Points
from tests.harness import as_read
from tests.odd_types import Bars, Color, State

NAMES: Mapping[str, Any] = {
    "np": np,
    "pd": pd,
    "Decimal": Decimal,
    "gettext_lazy": gettext_lazy,
    "UUID": uuid.UUID,
    "Color": Color,
    "State": State,
    **{name: getattr(dt, name) for name in ("date", "datetime", "time", "timedelta", "UTC")},
}
"""The names in the expressions of the page."""

REFUSED, NOTHING = "refused", "nothing"


def show(make: "Make", value: Any) -> str:
    """Return a cell: the shown text in backticks, or that the value is refused or empty."""
    component, given, read = make(value)
    meta = {"app_label": "site"}
    # The name of a dashboard with URLs, which a table's links need.
    declared = type("Live", (Dashboard,), {"it": component, "Meta": type("Meta", (), meta)})
    it = declared(RequestFactory().get("/"))["it"]
    try:
        shown = read(render_broadcast(it, it.prepare(given), 0))
    except ComponentValueError:
        return REFUSED
    return f"`{shown}`" if shown not in ("", "null") else NOTHING


def _words(shown: Any) -> str:
    """Return a piece of HTML as its text."""
    text = re.sub(r"<[^>]*>", " ", as_read(str(shown)))
    return " ".join(html.unescape(text).split())


def _cell(shown: Any) -> str:
    """Return the last cell of a table."""
    return _words(re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", str(shown), flags=re.DOTALL)[-1])


def _point(shown: Any) -> str:
    """Return the point of a figure, or the member of a drawing, as JSON."""
    [text] = re.findall(r"<script[^>]*>(.*?)</script>", str(shown), flags=re.DOTALL)
    value = json.loads(text)
    [point] = value["data"][0][next(iter(value["data"][0]))] if isinstance(value, dict) else value
    return json.dumps(point)


def _series_point(shown: Any) -> str:
    assert isinstance(shown, Points)
    point = json.loads(shown.items[0].rpartition("-->")[2])
    return json.dumps(point[0]["y"] if isinstance(point, list) else point["y"])


Make = Callable[[Any], tuple[Component, Any, Callable[[Any], str]]]

COLUMNS: Mapping[str, list[Make]] = {
    "`Text`": [lambda value: (Text(), value, _words)],
    "`Stat`": [lambda value: (Stat(), {"text": value}, _words)],
    "`Gauge`": [lambda value: (Gauge(), value, _words)],
    "`Progress`": [lambda value: (Progress(), value, _words)],
    "`BasicTable`, `Table`: a cell": [
        lambda value: (BasicTable(columns=["a"]), [{"a": value}], _cell),
        lambda value: (Table(columns=["a"]), [{"a": value}], _cell),
    ],
    "`Chart`, `Map`: a point": [
        lambda value: (Chart(), {"data": [{"y": [value]}]}, _point),
        lambda value: (Map(), {"data": [{"z": [value]}]}, _point),
        lambda value: (Chart(max_points=3, live=True), {"x": 1, "y": value}, _series_point),
    ],
    "`Drawing`: a member": [lambda value: (Bars(), [value], _point)],
}
