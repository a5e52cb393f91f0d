"""Serializers, empty figures, what follows the page, and other renderers."""

import asyncio
import datetime as dt
import json
import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import polars as pl
import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from dashboards.component import Chart, ChartSerializer, Component, Drawing, Map
from dashboards.component.chart.figure import POINTS, _wait_for_imports, has_points
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.books.models import Book
from tests.site.dashboards import Drawn, Pie, Series

CODE = UUID(int=7)


class Pages(ChartSerializer):
    layout = MappingProxyType({"xaxis_title": "Book"})

    class Meta:
        model = Book
        fields = ("title", "price")
        title = "Prices"
        height = 300

    def to_fig(self, df: Any) -> Any:
        assert list(df["price"]) == [9.5]
        return px.bar(df, x="title", y="price", title="another")


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ({"name": "n", "verbose_name": "v", "title": "t"}, "t"),
        ({"name": "n", "verbose_name": "v"}, "v"),
        ({"name": "n"}, "n"),
        ({"name": "n", "title": ""}, ""),
    ],
)
def test_older_names_of_a_title_are_one(said: dict[str, str], title: str):
    kind = type("Older", (ChartSerializer,), {"Meta": type("Meta", (), said)})

    assert kind().apply_layout(go.Figure()).layout.title.text == title


def html_of(component: Component) -> str:
    context = {"component": component, "rendered_value": component.get_value()}
    return render_to_string(component.template, context)


def figure_of(component: Chart) -> Any:
    value = component.get_value()
    assert value is not None
    return json.loads(value)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Chart, Map])
def test_a_serializer_makes_a_figure_of_a_model_by_one_query(kind: type[Chart]):
    Book.objects.create(title="<b>", price=Decimal("9.5"))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        figure = figure_of(kind(value=Pages))

    assert len(queries) == 1
    layout = figure["layout"]
    assert (layout["title"]["text"], layout["height"]) == ("Prices", 300)
    assert layout["xaxis"]["title"]["text"] == "Book"
    assert "template" not in layout
    assert Pages.layout == {"xaxis_title": "Book"}


@pytest.mark.django_db
def test_a_serializer_makes_a_figure_by_polars():
    class Mixed(ChartSerializer):
        class Meta:
            model = Book
            fields = ("title", "price", "code")
            frame = "polars"

        def to_fig(self, df: Any) -> Any:
            assert isinstance(df, pl.DataFrame)
            assert df["code"].to_list() == [None, str(CODE)]
            return go.Figure(go.Scatter(x=df["title"].to_list(), y=df["price"].to_list()))

    class Empty(Mixed):
        def get_queryset(self, *args: Any, **kwargs: Any) -> Any:
            return Book.objects.none()

    # A column that begins with nothing, one of decimals, one of UUIDs.
    Book.objects.create(title="a")
    Book.objects.create(title="b", price=Decimal("9.5"), code=CODE)
    [trace] = figure_of(Chart(value=Mixed))["data"]
    assert trace["x"] == ["a", "b"]
    assert trace["y"] == [None, 9.5]
    assert "No data" in html_of(Chart(value=Empty))


def test_data_may_be_awaited():
    class Asked(ChartSerializer):
        async def get_data(self, *args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(0)
            return [kwargs["filters"]["n"]]

        def to_fig(self, df: Any) -> Any:
            return {"data": [{"y": df}]}

    class Asking(Dashboard):
        chart = Chart(value=Asked)
        late = Chart(defer=Asked)

    for component in Asking(RequestFactory().get("/", {"n": "7"})):
        assert json.loads(component.get_value())["data"] == [{"y": ["7"]}]


@pytest.mark.django_db
def test_a_serializer_without_data_says_so_and_makes_no_figure():
    assert "No data" in html_of(Chart(value=Pages))


def test_data_of_ones_own_gets_what_a_callable_gets():
    class Own(ChartSerializer):
        def get_data(self, *args: Any, **kwargs: Any) -> Any:
            return pd.DataFrame({"n": [kwargs["filters"]["n"]]})

        def to_fig(self, df: Any) -> Any:
            return {"data": [{"y": list(df["n"])}]}

    class Owning(Dashboard):
        chart = Chart(value=Own)

    value = Owning(RequestFactory().get("/", {"n": "7"}))["chart"].get_value()
    assert json.loads(value)["data"] == [{"y": ["7"]}]


def test_a_missing_library_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.component.chart.dataframe.find_spec", lambda name: None)

    with pytest.raises(ComponentValueError) as raised:
        Pages().convert_to_df([], ["a"])
    assert str(raised.value) == (
        "Pages needs pandas or polars, which is not installed: "
        'pip install "django-live-dashboards[pandas]". Or override get_data.'
    )


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"colour": "red"}, "Wrong.Meta has no attribute colour; allowed are fields, frame, "),
        ({"frame": "r"}, "Wrong.Meta.frame must be one of 'pandas', 'polars', got 'r'."),
        ({"fields": "title"}, "Wrong.Meta.fields must be a list of names, got 'title'."),
    ],
)
def test_a_wrong_meta_is_told(attributes: dict[str, Any], message: str):
    with pytest.raises(DeclarationError, match=re.escape(message)):
        type("Wrong", (ChartSerializer,), {"Meta": type("Meta", (), attributes)})


def test_what_a_serializer_lacks_is_told():
    class Bare(ChartSerializer):
        pass

    with pytest.raises(ComponentValueError, match=r"Bare needs Meta\.model, get_queryset or get"):
        Bare().figure()
    with pytest.raises(ComponentValueError, match=r"Bare needs to_fig\(self, df\)"):
        Bare().to_fig(None)


@pytest.mark.parametrize(
    ("figure", "empty"),
    [
        ({}, True),
        ({"data": []}, True),
        ({"data": [{"x": [], "y": []}]}, True),
        (px.bar(pd.DataFrame({"a": [], "b": []}), x="a", y="b"), True),
        ({"data": [{"x": []}, {"y": [0]}]}, False),
        (go.Figure(go.Indicator(value=0)), False),
        (px.bar(x=[1, 2], y=[3, 4]), False),
        (go.Figure(go.Choropleth(locations=["DEU"], z=[1])), False),
    ],
)
def test_a_figure_without_points_says_so(figure: Any, empty: bool):
    assert (" data-dashboards-empty>" in html_of(Chart(value=figure))) is empty
    assert (" data-dashboards-empty>" in html_of(Map(value=figure))) is empty


def test_points_of_every_type_of_trace_are_known():
    types = [getattr(go, name) for name in dir(go) if name[0].isupper()]
    traces = [each for each in types if getattr(each, "_parent_path_str", None) == ""]
    for trace in traces:
        props = getattr(trace, "_valid_props", ())
        if "type" in props and trace is not go.Layout:
            assert set(props) & set(POINTS), trace
    assert not has_points({"data": [None, 3]})


def test_a_template_that_was_chosen_is_kept():
    chosen = figure_of(Chart(value=px.bar(x=[1], y=[2], template="plotly_dark")))
    unchosen = figure_of(Chart(value=px.bar(x=[1], y=[2]).to_json()))

    assert chosen["layout"]["template"]["layout"]["paper_bgcolor"] == "rgb(17,17,17)"
    assert not {"template", "margin"} & set(unchosen["layout"])


def test_a_bad_figure_names_its_kind():
    with pytest.raises(ComponentValueError, match="A Map's value must be a Plotly figure"):
        Map(value=[1]).get_value()


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


# Other renderers.


@dataclass
class Bars(Drawing):
    element = "test-bars"
    scripts = (*Drawing.scripts, "site/bars.js")


def test_another_renderer_gets_its_value_as_json_that_cannot_break_out():
    html = html_of(Bars(value=[["</script><b>", Decimal("1.5"), dt.date(2026, 1, 2)]]))

    assert html.startswith("<test-bars ")
    assert html.endswith("</test-bars>\n")
    assert html.count("</script>") == 1
    assert '"1.5", "2026-01-02"' in html
    assert "data-dashboards-empty" in html_of(Bars(value=[]))
    assert "test-bars" not in html_of(Bars(value=None))


def test_a_value_that_is_none_for_json_is_told():
    with pytest.raises(ComponentValueError, match="A Bars's value must be one for JSON"):
        Bars(value={1: object()}).get_value()


@pytest.mark.parametrize("name", ["", "bars", "Shop-bars", "shop-b<rs"])
def test_an_element_that_no_browser_takes_is_told(name: str):
    with pytest.raises(DeclarationError, match=r"Wrong\.element must be the name of a custom"):
        type("Wrong", (Drawing,), {"element": name})


def test_what_the_page_about_charts_shows(monkeypatch: pytest.MonkeyPatch, db: None):
    page = (Path(__file__).parents[3] / "docs" / "howto" / "charts.md").read_text()
    monkeypatch.setattr(Dashboard, "get_app_label", classmethod(lambda cls: "books"))
    Book.objects.create(title="One", pages=3, price=2)
    names: dict[str, Any] = {"__name__": "books.dashboards", "Book": Book, "BASE_DIR": Path()}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    shown = names["Library"]()
    for key in ("prices", "sales", "ranking"):
        assert 'type="application/json"' in str(shown[key].render(shown[key].get_value()))


def test_library_that_another_thread_is_importing_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
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
