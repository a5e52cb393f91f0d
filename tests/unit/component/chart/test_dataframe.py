"""Rows as a data frame of pandas or polars."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings
from django.utils import timezone

from dashboards.component import Chart, ChartSerializer
from dashboards.component.chart import dataframe
from dashboards.exceptions import ComponentValueError
from tests.books.models import Book
from tests.unit.component.chart.support import figure_of
from tests.unit.component.support import html_of

CODE = UUID(int=7)


@pytest.mark.django_db
def test_serializer_with_polars_makes_a_figure():
    go = pytest.importorskip("plotly.graph_objects")
    pl = pytest.importorskip("polars")

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

    # A column with None first, one of decimals, one of UUIDs.
    Book.objects.create(title="a")
    Book.objects.create(title="b", price=Decimal("9.5"), code=CODE)
    [trace] = figure_of(Chart(value=Mixed))["data"]
    assert trace["x"] == ["a", "b"]
    assert trace["y"] == [None, 9.5]
    assert "No data" in html_of(Chart(value=Empty))


def test_missing_library_error_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    class Pages(ChartSerializer):
        pass

    monkeypatch.setattr("dashboards.component.chart.dataframe.find_spec", lambda name: None)

    with pytest.raises(ComponentValueError) as raised:
        Pages().convert_to_df([], ["a"])
    assert str(raised.value) == (
        "Pages needs pandas or polars, which is not installed: "
        'pip install "django-live-dashboards[pandas]". Or override get_data.'
    )


@override_settings(TIME_ZONE="Europe/Berlin")
@pytest.mark.parametrize("library", dataframe.LIBRARIES)
def test_aware_time_in_a_data_frame_is_in_the_active_zone(library: str):
    pytest.importorskip(library)
    # A chart of a model's times said 10:00 where the figure beside it said 12:00: plotly.express
    # takes the zone off pandas' columns, and the database gives UTC.
    with timezone.override("Europe/Berlin"):
        frame = dataframe.make([[datetime(2026, 7, 1, 10, tzinfo=UTC)]], ["at"], library)
    assert str(frame["at"][0]) == "2026-07-01 12:00:00"
