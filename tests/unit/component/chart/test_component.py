"""Chart: valid, invalid and hostile values."""

import json
from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client

pytest.importorskip("plotly")

from dashboards.component import Chart
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.site.dashboards import Drawn, Pie, Series
from tests.unit.component.support import FIGURE, HOSTILE, dashboard_of, render


def plotly_figure(figure: dict[str, Any]) -> Any:
    return pytest.importorskip("plotly.graph_objects").Figure(figure)


@pytest.mark.parametrize(
    "make",
    [dict, MappingProxyType, plotly_figure, json.dumps, partial(json.dumps, indent=2)],
    ids=["dict", "mapping", "figure", "text", "indented text"],
)
def test_chart_accepts_a_figure_its_json_text_or_a_mapping(make: Callable[[Any], Any]):
    text = Chart().prepare_value(make(FIGURE))

    assert text is not None
    figure = json.loads(text)
    assert figure["data"] == FIGURE["data"]
    assert figure["layout"]["title"] == {"text": "Three"}


@pytest.mark.parametrize(
    ("points", "text"),
    [
        ([1, 2], "[1, 2]"),
        ({"y": {1}}, "[{'y': {1}}], which cannot be written as JSON: "),
    ],
)
def test_invalid_point_error_describes_points(points: Any, text: str):
    """The error described a figure, although the value was a point."""
    with pytest.raises(ComponentValueError) as raised:
        dashboard_of(speed=Chart(live=True, max_points=5, value=points))["speed"].get_value()

    assert str(raised.value).startswith(
        "Own.speed: A point of a Chart must be a dict such as {'x': 1, 'y': 2}, a list of them "
        f"(one for each trace), or a list of such lists, got {text}"
    )


def test_error_about_a_long_text_is_short():
    with pytest.raises(ComponentValueError) as raised:
        Chart().prepare_value("x" * 10_000)

    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("make", [dict, plotly_figure, json.dumps], ids=["dict", "figure", "text"])
def test_hostile_figure_stays_inside_its_script_element(make: Callable[[Any], Any]):
    figure = {
        "data": [{"x": [HOSTILE], "y": [1], "name": "<!--<script>"}],
        "layout": {"title": {"text": HOSTILE}},
    }

    html = render(Chart(value=make(figure)))

    # The texts for loading, failed and empty are three paragraphs.
    assert html.tags == ["dashboard-chart", "script", "div", *"ppp", "details", "summary"]
    assert html.values("type") == ["application/json"]
    assert html.holds_nothing_hostile()
    drawn = json.loads(html.texts[0])
    assert drawn["layout"]["title"]["text"] == HOSTILE
    assert drawn["data"][0]["x"] == [HOSTILE]


def test_figure_as_safe_text_is_escaped():
    figure = {"layout": {"meta": HOSTILE}}
    html = render(
        Chart(value=Template("{{ it|safe }}").render(Context({"it": json.dumps(figure)})))
    )

    assert json.loads(html.texts[0]) == figure
    assert html.holds_nothing_hostile()


@pytest.mark.usefixtures("_german")
def test_chart_in_german_keeps_its_numbers():
    html = render(Chart(value={"data": [{"y": [1234.5, 1_000_000]}]}))

    assert json.loads(html.texts[0])["data"][0]["y"] == [1234.5, 1_000_000]


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("board", [Drawn, Pie, Series])
def test_bad_requests_get_a_page_or_405(board: type[Dashboard]):
    client, page = Client(), board().get_absolute_url()
    for key in board.declared:
        query = f"?{key}-sort=%00&{key}={'9' * 5000}&{key}-window=-1&data=[]&layout=<b>&=%FF"
        for path in ("", f"@component/{key}/", f"@components/{key},nothing/"):
            # A component without a pushed value is answered by 204.
            assert client.get(f"{page}{path}{query}").status_code in (200, 204), (path, query)
        assert client.post(f"{page}@component/{key}/{query}", {key: "1"}).status_code == 405
    assert client.get(f"{page}@stream/?position=x.1&window=-1").status_code in (200, 204)


def test_unit_prefix_and_bands_are_an_attribute_of_the_element():
    bands = [{"end": 8}, {"end": 10, "level": "warning"}, {"level": "critical", "text": HOSTILE}]
    html = render(Chart(value=FIGURE, unit="B/s", prefix="~", bands=bands))
    [measure] = html.values("data-dashboards-measure")
    assert json.loads(measure or "") == {
        "prefix": "~",
        "unit": "B/s",
        "bands": [
            {"start": None, "end": 8, "level": "neutral", "text": ""},
            {"start": 8, "end": 10, "level": "warning", "text": "Warning"},
            {"start": 10, "end": None, "level": "critical", "text": HOSTILE},
        ],
    }
    assert html.holds_nothing_hostile()
    assert not render(Chart(value=FIGURE)).values("data-dashboards-measure")


@pytest.mark.parametrize("max_points", [True, 0, 2.5, "5"], ids=repr)
def test_number_of_points_of_another_type_is_refused(max_points: Any):
    """True counted as 1."""
    with pytest.raises(DeclarationError, match=rf"^Chart\(max_points={max_points!r}\): max_points"):
        Chart(live=True, max_points=max_points)


@pytest.mark.parametrize(
    "bands", ["high", [{"end": 2}, {"end": 1}], [{"level": "bad"}], [{"a": 1}]]
)
def test_invalid_bands_are_refused_where_they_are_declared(bands: Any):
    with pytest.raises(DeclarationError, match="Chart"):
        Chart(value=FIGURE, bands=bands)
