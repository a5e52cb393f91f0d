"""The title of a serializer is the heading of its box, once, whatever the kind."""

import json
import re
from typing import Any

import pytest
from django.utils.functional import lazy

from dashboards.component import BasicTable, Chart, Component, Stat, Table
from dashboards.component.chart import ChartSerializer
from dashboards.component.stat import StatSerializer
from dashboards.component.table import TableSerializer

pytest.importorskip("plotly")
pytest.importorskip("django_tables2")


class Sales(ChartSerializer):
    class Meta:
        title = "Sales <of>"

    def get_data(self, *_args: Any, **_kwargs: Any) -> Any:
        return [1]

    def to_fig(self, df: Any) -> Any:
        return {"data": [{"y": df}], "layout": {"title": {"text": "of the figure"}}}


class Rows(TableSerializer):
    class Meta:
        title = "Sales <of>"
        columns = ["a"]  # noqa: RUF012 - as users write it

    def get_data(self, *_args: Any, **_kwargs: Any) -> Any:
        return [{"a": 1}]


class Count(StatSerializer):
    class Meta:
        title = "Sales <of>"


@pytest.mark.parametrize("source", ["value", "defer"])
@pytest.mark.parametrize(
    ("kind", "serializer"), [(Chart, Sales), (Table, Rows), (BasicTable, Rows), (Stat, Count)]
)
def test_title_of_a_serializer_is_the_heading_unless_there_is_one(
    kind: type[Component], serializer: type, source: str
):
    """Regression: only a Stat had it. The box of a chart or a table had the heading of its key."""
    given: dict[str, Any] = {source: serializer}

    assert kind(**given).title == "Sales <of>"
    assert kind(**given, title="Own").title == "Own"
    assert kind(**given, title="").title == ""


@pytest.mark.parametrize(
    ("title", "shown"), [(None, ""), ("Own", "Sales <of>"), ("", "Sales <of>")]
)
def test_chart_repeats_no_title_that_is_its_heading(title: str | None, shown: str):
    figure = json.loads(str(Chart(value=Sales, title=title).prepare_value(Sales)))

    assert figure["layout"]["title"]["text"] == shown


def test_table_repeats_no_title_that_is_its_heading():
    from tests.unit.component.table.support import html_of  # noqa: PLC0415 - needs django_tables2

    def has_visible_caption(**given: Any) -> bool:
        return bool(re.search("<caption>Sales", html_of(Table(value=Rows, **given))))

    assert not has_visible_caption()
    assert has_visible_caption(title="Own")


def test_lazy_title_is_not_read_when_the_component_is_declared():
    read: list[int] = []

    def make() -> str:
        read.append(1)
        return "Lazy"

    meta = type("Meta", (), {"title": lazy(make, str)()})
    kind = type("LazySales", (Sales,), {"Meta": meta})

    chart = Chart(value=kind)

    assert read == []
    assert str(chart.title) == "Lazy"
    figure = json.loads(str(chart.prepare_value(kind)))
    assert figure["layout"]["title"]["text"] == ""
