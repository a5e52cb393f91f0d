"""What tests of charts share."""

import json
from types import MappingProxyType
from typing import Any
from uuid import UUID

import plotly.express as px

from dashboards.component import Chart, ChartSerializer
from tests.books.models import Book

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


def figure_of(component: Chart) -> Any:
    value = component.get_value()
    assert value is not None
    return json.loads(value)
