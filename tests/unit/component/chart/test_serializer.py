"""Classes that make a figure from data."""

import asyncio
import json
import re
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from dashboards.component import Chart, ChartSerializer, Map
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.books.models import Book
from tests.unit.component.chart.support import figure_of
from tests.unit.component.support import html_of


class Pages(ChartSerializer):
    layout = MappingProxyType({"xaxis_title": "Book"})

    class Meta:
        model = Book
        fields = ("title", "price")
        title = "Prices"
        height = 300

    def to_fig(self, df: Any) -> Any:
        assert list(df["price"]) == [9.5]
        px = pytest.importorskip("plotly.express")
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
def test_older_names_set_the_title(said: dict[str, str], title: str):
    go = pytest.importorskip("plotly.graph_objects")
    kind = type("Older", (ChartSerializer,), {"Meta": type("Meta", (), said)})

    assert kind().apply_layout(go.Figure()).layout.title.text == title


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Chart, Map])
def test_serializer_of_a_model_runs_one_query(kind: type[Chart]):
    pytest.importorskip("pandas")
    Book.objects.create(title="<b>", price=Decimal("9.5"))

    with CaptureQueriesContext(connection) as queries:
        figure = figure_of(kind(value=Pages, title="Own"))

    assert len(queries) == 1
    layout = figure["layout"]
    assert (layout["title"]["text"], layout["height"]) == ("Prices", 300)
    assert layout["xaxis"]["title"]["text"] == "Book"
    assert "template" not in layout
    assert Pages.layout == {"xaxis_title": "Book"}


def test_async_get_data_is_awaited():
    pytest.importorskip("plotly")

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
def test_serializer_without_rows_shows_no_data():
    pytest.importorskip("pandas")
    assert "No data" in html_of(Chart(value=Pages))


def test_get_data_gets_the_arguments_of_a_callable():
    pd = pytest.importorskip("pandas")

    class Own(ChartSerializer):
        def get_data(self, *args: Any, **kwargs: Any) -> Any:
            return pd.DataFrame({"n": [kwargs["filters"]["n"]]})

        def to_fig(self, df: Any) -> Any:
            return {"data": [{"y": list(df["n"])}]}

    class Owning(Dashboard):
        chart = Chart(value=Own)

    value = Owning(RequestFactory().get("/", {"n": "7"}))["chart"].get_value()
    assert json.loads(value)["data"] == [{"y": ["7"]}]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"colour": "red"}, "Wrong.Meta has no attribute colour; allowed are fields, frame, "),
        ({"frame": "r"}, "Wrong.Meta.frame must be one of 'pandas', 'polars', got 'r'."),
        ({"fields": "title"}, "Wrong.Meta.fields must be a list of names, got 'title'."),
    ],
)
def test_invalid_meta_is_refused(attributes: dict[str, Any], message: str):
    with pytest.raises(DeclarationError, match=re.escape(message)):
        type("Wrong", (ChartSerializer,), {"Meta": type("Meta", (), attributes)})


def test_serializer_without_data_or_to_fig_is_refused():
    class Bare(ChartSerializer):
        pass

    with pytest.raises(ComponentValueError, match=r"Bare needs Meta\.model, get_queryset or get"):
        Bare().figure()
    with pytest.raises(ComponentValueError, match=r"Bare needs to_fig\(self, df\)"):
        Bare().to_fig(None)
