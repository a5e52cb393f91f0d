"""Figures that were written for older releases of Plotly."""

import json
from typing import Any

import pytest

pytest.importorskip("plotly")

from dashboards.component import Chart, Map
from dashboards.component.chart.schema import TRACES, trace_types
from dashboards.exceptions import ComponentValueError


def figure_of(figure: Any) -> Any:
    return json.loads(str(Chart(value=figure).get_value()))


TITLED = {"text": "T"}


@pytest.mark.parametrize(
    ("layout", "translated"),
    [
        ({"title": "T"}, {"title": TITLED}),
        ({"title": 3}, {"title": {"text": "3"}}),
        ({"title": {"text": "T"}}, {"title": TITLED}),
        ({"xaxis2": {"title": "T"}}, {"xaxis2": {"title": TITLED}}),
        ({"legend": {"title": "T"}}, {"legend": {"title": TITLED}}),
        ({"scene": {"zaxis": {"title": "T"}}}, {"scene": {"zaxis": {"title": TITLED}}}),
        ({"polar": {"radialaxis": {"title": "T"}}}, {"polar": {"radialaxis": {"title": TITLED}}}),
        (
            {"coloraxis": {"colorbar": {"title": "T", "titleside": "top"}}},
            {"coloraxis": {"colorbar": {"title": {"text": "T", "side": "top"}}}},
        ),
        (
            {"yaxis": {"titlefont": {"size": 9}, "title": "T"}},
            {"yaxis": {"title": {"text": "T", "font": {"size": 9}}}},
        ),
        ({"titlefont": {"size": 9}}, {"title": {"font": {"size": 9}}}),
        ({"yaxis": {"autotick": False}}, {"yaxis": {"tickmode": "linear"}}),
        (
            {"mapbox2": {"style": "open-street-map", "accesstoken": "pk"}},
            {"map2": {"style": "open-street-map"}},
        ),
        ({"hidesources": True}, {}),
        ({"meta": {"title": "T"}}, {"meta": {"title": "T"}}),
    ],
)
def test_layout_of_an_older_plotly_is_translated(
    layout: dict[str, Any], translated: dict[str, Any]
):
    # plotly.js 3 dropped titles that are strings: a figure that had drawn its titles for years
    # lost them without an error. All attributes of its schema before release 6 are translated.
    assert figure_of({"data": [{"y": [1]}], "layout": layout})["layout"] == translated


@pytest.mark.parametrize(
    ("trace", "translated"),
    [
        ({"type": "pie", "title": "T"}, {"type": "pie", "title": TITLED}),
        (
            {"marker": {"colorbar": {"title": "T"}}},
            {"marker": {"colorbar": {"title": TITLED}}},
        ),
        (
            {"type": "scattermapbox", "subplot": "mapbox3"},
            {"type": "scattermap", "subplot": "map3"},
        ),
        ({"type": "choroplethmapbox"}, {"type": "choroplethmap"}),
        ({"type": "densitymapbox"}, {"type": "densitymap"}),
        ({"type": "heatmapgl"}, {"type": "heatmap"}),
        ({"type": "bar", "bardir": "h"}, {"type": "bar", "orientation": "h"}),
        ({"stream": {"token": "t"}}, {}),
        ({"customdata": [{"title": "T"}]}, {"customdata": [{"title": "T"}]}),
    ],
)
def test_trace_of_an_older_plotly_is_translated(trace: dict[str, Any], translated: dict[str, Any]):
    assert figure_of({"data": [trace]})["data"] == [translated]
    framed = {"data": [{"y": [1]}], "frames": [{"data": [trace]}]}
    assert figure_of(framed)["frames"] == [{"data": [translated]}]


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (
            {"data": [{"type": "pointcloud"}]},
            (
                "A Map's figure has a trace of type 'pointcloud', which plotly.js does not draw: "
                'use "scattergl", with x and y for xy.'
            ),
        ),
        (
            {"data": [{"type": "scater"}]},
            (
                "A Map's figure has a trace of type 'scater', which plotly.js does not draw: "
                "its types are bar, barpolar, "
            ),
        ),
        (
            {"data": [{"y": [1], "transforms": [{"type": "filter"}]}]},
            (
                "A Map's figure has 'transforms' in a trace, which plotly.js does not draw: "
                "filter, group, sort or aggregate the data in Python."
            ),
        ),
        (
            {"data": [], "layout": {"mapbox": {"style": "mapbox://styles/mine"}}},
            (
                "A Map's figure has the style 'mapbox://styles/mine', which plotly.js does not "
                "draw: name a style of MapLibre, such as its URL."
            ),
        ),
    ],
)
def test_undrawable_figure_is_refused_by_name(figure: dict[str, Any], message: str):
    with pytest.raises(ComponentValueError) as raised:
        Map(value=figure).get_value()
    assert str(raised.value).startswith(message)


def test_translated_traces_have_types_of_the_installed_plotly():
    assert set(TRACES.values()) <= set(trace_types())
    assert "scatter" in trace_types()
    assert "layout" not in trace_types()
