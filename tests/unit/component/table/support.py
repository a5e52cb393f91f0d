"""Helpers of the tests of tables."""

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory

pytest.importorskip("django_tables2")

from dashboards.component import Component
from dashboards.component.table.view import TableView
from dashboards.dashboard import Dashboard
from tests.books.models import Author, Book

PAGE, COMPONENT = "/books/shelf/", "/books/shelf/@component/books/"


def bind(component: Component, query: str = "") -> Any:
    """Return a component bound to a request with this query."""

    class Own(Dashboard):
        it = component

        class Meta:
            app_label = "site"

        def get_component_url(self, key: str) -> str:
            return f"/own/@component/{key}/"

    return Own(RequestFactory().get(f"/?{query}"))["it"]


def view(component: Component, query: str = "") -> TableView:
    shown = bind(component, query).get_value()
    assert isinstance(shown, TableView)
    return shown


def first_column(component: Component, query: str = "") -> list[Any]:
    return [row.cells[0].value for row in view(component, query).rows]


def html_of(component: Component, query: str = "") -> str:
    bound = bind(component, query)
    return str(bound.render(bound.get_value()))


def make_books(number: int) -> None:
    author = Author.objects.create(name="Ann")
    other = Author.objects.create(name="bob")
    Book.objects.bulk_create(
        Book(
            title=f"Book {n:06}",
            author=(author, other, None)[n % 3],
            pages=n,
            price=Decimal(n) / 4 if n % 2 else None,
            published=dt.date(2024, 1, 1) + dt.timedelta(days=n % 300),
        )
        for n in range(number)
    )


class Plain:
    def __init__(self, name: str, n: int) -> None:
        self.name, self.n = name, n


def read_csv(response: Any) -> list[list[str]]:
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content[1:])))
