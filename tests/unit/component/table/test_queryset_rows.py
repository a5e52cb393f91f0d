"""Rows that the database searches, orders and slices."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import Count
from django.db.models.functions import Upper
from django.test.utils import CaptureQueriesContext

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from dashboards.component import Table
from tests.books.boards import Books
from tests.books.models import Author, Book
from tests.unit.component.table.support import first_column, html_of, make_books, view

pytestmark = pytest.mark.django_db


def test_pages_of_equal_rows_do_not_overlap():
    Book.objects.bulk_create(Book(title="same", pages=1) for _ in range(30))
    table = Table(value=Book.objects.order_by("title"), columns=["pk"], page_size=10)

    for sort in ("", "pk", "-pk"):
        seen = [
            pk for page in "123" for pk in first_column(table, f"it-sort={sort}&it-page={page}")
        ]
        assert len(set(seen)) == 30


def test_grouped_queryset_orders_and_searches_groups():
    make_books(9)
    counted = Book.objects.values("author__name").annotate(number=Count("pk"))
    table = Table(value=counted)

    assert view(table).total == 3
    assert first_column(table, "it-sort=-author__name") == ["bob", "Ann", "—"]
    assert set(first_column(table, "it-search=3")) == {"Ann", "bob", "—"}
    assert first_column(table, "it-search=ann") == ["Ann"]


def test_annotations_are_ordered_and_searched():
    Author.objects.bulk_create([Author(name="a"), Author(name="b")])
    table = Table(value=Author.objects.annotate(loud=Upper("name")), columns=["loud"])

    assert first_column(table, "it-sort=-loud") == ["B", "A"]
    assert first_column(table, "it-search=B") == ["B"]


@pytest.mark.parametrize(
    "queryset",
    [
        lambda: Author.objects.order_by("name")[:2],
        lambda: Author.objects.filter(name="a").union(Author.objects.filter(name="b")),
        lambda: Author.objects.raw("SELECT * FROM books_author WHERE name < 'c' ORDER BY name"),
        lambda: Author.objects.only("id").filter(name__lt="c"),
        lambda: Author.objects.defer("name").filter(name__lt="c"),
        lambda: Author.objects.distinct().filter(name__lt="c"),
    ],
    ids=["sliced", "combined", "raw", "only", "defer", "distinct"],
)
def test_querysets_of_other_kinds_are_ordered_and_searched(queryset: Any):
    Author.objects.bulk_create([Author(name="a"), Author(name="b"), Author(name="c")])
    table = Table(value=queryset, columns=["name"])

    assert first_column(table, "it-sort=-name") == ["b", "a"]
    assert first_column(table, "it-search=b&it-sort=name") == ["b"]
    assert view(table, "it-page=2").total == 2


def test_number_of_queries_is_independent_of_the_number_of_rows():
    table = Table(value=Books)

    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            html_of(table, query)
        return len(captured)

    asked = ["", "it-page=3", "it-page=999999", "it-sort=-author__name", "it-search=ann&it-page=2"]
    make_books(100)
    few = [queries(query) for query in asked]
    make_books(217)
    fields = ", ".join(str(field.column) for field in Book._meta.fields if not field.primary_key)
    named = ", ".join(f"a.{name}" for name in fields.split(", "))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO books_book ({fields}) SELECT {named} FROM books_book a, books_book b"
        )
    assert few == [queries(query) for query in asked] == [2] * len(asked)
    assert "1–25 of 100,806" in html_of(table)  # noqa: RUF001
