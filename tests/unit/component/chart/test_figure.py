"""Conversion of Plotly figures to JSON."""

import datetime as dt
import json
import re
import sys
import uuid
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from django.utils.functional import lazystr

pytest.importorskip("plotly")

from dashboards.component import Chart, Map
from dashboards.component.chart.figure import POINTS, _wait_for_imports, has_points
from dashboards.exceptions import ComponentValueError
from tests.odd_types import Color
from tests.unit.component.chart.support import figure_of
from tests.unit.component.support import html_of


def test_chart_writes_numpy_columns_and_nan_as_null():
    np = pytest.importorskip("numpy")
    value = {"data": [{"y": np.array([1.5, np.nan, np.inf]), "x": [float("nan"), 1, None]}]}

    text = Chart().prepare_value(value)

    assert text is not None
    assert json.loads(text, parse_constant=pytest.fail)["data"][0]["x"] == [None, 1, None]


@pytest.mark.parametrize(
    ("figure", "empty"),
    [
        ({}, True),
        ({"data": []}, True),
        ({"data": [{"x": [], "y": []}]}, True),
        ({"data": [{"x": []}, {"y": [0]}]}, False),
    ],
)
def test_figure_without_points_shows_no_data(figure: Any, empty: bool):
    assert is_empty(figure) == [empty, empty]


def is_empty(figure: Any) -> list[bool]:
    """Return for a chart and a map whether its element is marked as empty."""
    return [
        " data-dashboards-empty>" in html_of(component)
        for component in (Chart(value=figure), Map(value=figure))
    ]


@pytest.mark.parametrize(
    "figure",
    [
        {"data": 5},
        {"data": "x"},
        {"data": [5]},
        {"data": [[1]]},
        {"layout": 5},
        {"data": [], "config": [1]},
    ],
    ids=str,
)
def test_figure_with_members_of_other_types_is_refused_by_name(figure: Any):
    """Most were stored and drawn by no browser; the first was a TypeError from within."""
    with pytest.raises(ComponentValueError, match=r"A Chart's value must be .*, whose (data|l|c)"):
        Chart().prepare_value(figure)


def test_plotly_figure_without_points_shows_no_data():
    pd = pytest.importorskip("pandas")
    px = pytest.importorskip("plotly.express")

    assert is_empty(px.bar(pd.DataFrame({"a": [], "b": []}), x="a", y="b")) == [True, True]


def test_plotly_figure_with_points_is_drawn():
    pytest.importorskip("pandas")
    px = pytest.importorskip("plotly.express")
    go = pytest.importorskip("plotly.graph_objects")

    for figure in (
        go.Figure(go.Indicator(value=0)),
        px.bar(x=[1, 2], y=[3, 4]),
        go.Figure(go.Choropleth(locations=["DEU"], z=[1])),
    ):
        assert is_empty(figure) == [False, False]


def test_points_are_known_for_every_type_of_trace():
    go = pytest.importorskip("plotly.graph_objects")
    types = [getattr(go, name) for name in dir(go) if name[0].isupper()]
    traces = [each for each in types if getattr(each, "_parent_path_str", None) == ""]
    for trace in traces:
        props = getattr(trace, "_valid_props", ())
        if "type" in props and trace is not go.Layout:
            assert set(props) & set(POINTS), trace


def test_damaged_traces_have_no_points():
    assert not has_points({"data": [None, 3]})


def test_chosen_template_is_kept_and_the_default_removed():
    pytest.importorskip("pandas")
    px = pytest.importorskip("plotly.express")
    chosen = figure_of(Chart(value=px.bar(x=[1], y=[2], template="plotly_dark")))
    unchosen = figure_of(Chart(value=px.bar(x=[1], y=[2]).to_json()))

    assert chosen["layout"]["template"]["layout"]["paper_bgcolor"] == "rgb(17,17,17)"
    assert not {"template", "margin"} & set(unchosen["layout"])


def test_wait_for_imports_waits_for_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # A value that imported pandas made a figure of another thread fail: plotly.py found a module in
    # sys.modules that was half there, and asked it for NaT.
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "slow_library.py").write_text(
        f"from {__name__} import BEGUN, GO_ON\nBEGUN.set()\nGO_ON.wait(10)\nNaT = 1\n"
    )
    importing = Thread(target=import_module, args=["slow_library"])
    importing.start()
    BEGUN.wait(10)
    waiting = Thread(target=_wait_for_imports, args=[["slow_library"]])
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()

    GO_ON.set()
    importing.join(10)
    waiting.join(10)
    assert not waiting.is_alive()
    assert sys.modules.pop("slow_library").NaT == 1


BEGUN, GO_ON = Event(), Event()


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (lazystr("lazy"), "lazy"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Color.RED, "red"),
        (Decimal("sNaN"), None),
        (range(2), [0, 1]),
    ],
    ids=repr,
)
def test_odd_value_in_a_figure_is_written(value: Any, written: Any):
    text = Chart().prepare_value({"data": [{"y": [value]}]})

    assert json.loads(str(text))["data"][0]["y"] == [written]


def test_nat_of_pandas_in_a_figure_is_null():
    pd = pytest.importorskip("pandas")

    text = Chart().prepare_value({"data": [{"y": [pd.NaT]}]})

    assert json.loads(str(text))["data"][0]["y"] == [None]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (dt.timedelta(1), "is no point of an axis; give a number, such as its seconds"),
        (10**400, "A number of 401 digits is larger than any number that a browser knows"),
        (Decimal("1E+1000000"), "is larger than any number that a browser knows"),
        (b"ab", "bytes"),
    ],
    ids=repr,
)
def test_undrawable_value_is_refused_with_the_reason(value: Any, reason: str):
    with pytest.raises(ComponentValueError, match=re.escape(reason)):
        Chart().prepare_value({"data": [{"y": [value]}]})


def test_digits_in_a_text_are_kept():
    text = Chart().prepare_value({"data": [{"y": ["7" * 400]}]})

    assert "7" * 400 in str(text)
