"""Chart: the values it takes, and how it refuses others."""

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go
import pytest
from django.template import Context, Template
from django.test import Client

from dashboards.component import (
    Chart,
)
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from tests.site.dashboards import Drawn, Pie, Series
from tests.unit.component.support import FIGURE, HOSTILE, dashboard_of, render


@pytest.mark.parametrize(
    "value",
    [
        FIGURE,
        MappingProxyType(FIGURE),
        go.Figure(FIGURE),
        json.dumps(FIGURE),
        json.dumps(FIGURE, indent=2),
    ],
    ids=["dict", "mapping", "figure", "text", "indented text"],
)
def test_a_chart_takes_a_figure_its_json_text_or_a_dict(value: Any):
    text = Chart().prepare_value(value)

    assert text is not None
    figure = json.loads(text)
    assert figure["data"] == FIGURE["data"]
    assert figure["layout"]["title"] == {"text": "Three"}


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([1, 2], "[1, 2]"),
        ({"y": {1}}, "[{'y': {1}}], which cannot be written as JSON: "),
    ],
)
def test_a_bad_point_is_told_as_a_point(points: Any, told: str):
    """It was told what a figure must be, where a point was meant."""
    with pytest.raises(ComponentValueError) as raised:
        dashboard_of(speed=Chart(live=True, max_points=5, value=points))["speed"].get_value()

    assert str(raised.value).startswith(
        "Own.speed: A point of a Chart must be a dict such as {'x': 1, 'y': 2}, a list of them "
        f"(one for each trace), or a list of such lists, got {told}"
    )


def test_a_long_text_that_is_no_figure_is_not_repeated_in_full():
    with pytest.raises(ComponentValueError) as raised:
        Chart().prepare_value("x" * 10_000)

    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("form", [dict, go.Figure, json.dumps], ids=["dict", "figure", "text"])
def test_a_hostile_figure_stays_inside_its_script(form: Callable[[Any], Any]):
    figure = {
        "data": [{"x": [HOSTILE], "y": [1], "name": "<!--<script>"}],
        "layout": {"title": {"text": HOSTILE}},
    }

    html = render(Chart(value=form(figure)))

    # Loading, failed and empty are three texts.
    assert html.tags == ["dashboard-chart", "script", "div", *"ppp", "details", "summary"]
    assert html.values("type") == ["application/json"]
    assert html.holds_nothing_hostile()
    drawn = json.loads(html.texts[0])
    assert drawn["layout"]["title"]["text"] == HOSTILE
    assert drawn["data"][0]["x"] == [HOSTILE]


def test_a_figure_as_text_that_was_called_safe_is_escaped_all_the_same():
    html = render(
        Chart(
            value=Template("{{ it|safe }}").render(Context({"it": json.dumps({"layout": HOSTILE})}))
        )
    )

    assert json.loads(html.texts[0]) == {"layout": HOSTILE}
    assert html.holds_nothing_hostile()


@pytest.mark.usefixtures("_german")
def test_a_locale_does_not_break_a_chart():
    html = render(Chart(value={"data": [{"y": [1234.5, 1_000_000]}]}))

    assert json.loads(html.texts[0])["data"][0]["y"] == [1234.5, 1_000_000]


@pytest.mark.django_db
@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("board", [Drawn, Pie, Series])
def test_nothing_that_a_client_sends_breaks_them(board: type[Dashboard]):
    client, page = Client(), board().get_absolute_url()
    for key in board.declared:
        query = f"?{key}-sort=%00&{key}={'9' * 5000}&{key}-window=-1&data=[]&layout=<b>&=%FF"
        for path in ("", f"@component/{key}/", f"@components/{key},nothing/"):
            # What nobody has pushed to yet leaves its box alone.
            assert client.get(f"{page}{path}{query}").status_code in (200, 204), (path, query)
        assert client.post(f"{page}@component/{key}/{query}", {key: "1"}).status_code == 405
    assert client.get(f"{page}@stream/?position=x.1&window=-1").status_code in (200, 204)
