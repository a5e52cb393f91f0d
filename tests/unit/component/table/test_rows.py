"""The search in rows, in memory and in the database alike."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

pytest.importorskip("django_tables2")

from dashboards.component import Table
from dashboards.component.table import TableSerializer
from tests.books.models import Author, Book
from tests.unit.component.table.support import view

pytestmark = pytest.mark.django_db


@pytest.fixture
def _shelf() -> None:
    ann = Author.objects.create(name="Ann Arbor")
    Book.objects.create(
        title="100% Ünder_score", author=ann, pages=1024, price=Decimal("12.50"), weight=0.5,
        published=dt.date(2024, 2, 29), sold=dt.datetime(2024, 3, 1, 12, tzinfo=dt.UTC),
        genre="p", code=uuid.UUID(int=7),
    )  # fmt: skip
    Book.objects.create(title="Second", pages=7, secret="hidden")


COLUMNS = [
    "title",
    "author__name",
    "pages",
    "price",
    "weight",
    "published",
    "sold",
    "genre",
    "code",
]


@pytest.mark.usefixtures("_shelf")
@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 2),
        ("second", 1),
        ("ARBOR", 1),
        ("ann under_score", 0),
        ("ann der_sc", 1),
        ("100%", 1),
        ("%", 1),
        ("_", 1),
        ("1024", 1),
        ("12.50", 1),
        ("0.5", 1),
        ("2024-02-29", 1),
        ("2024-03-01", 1),
        ("Poem", 1),
        ("00000000-0000-0000-0000-000000000007", 1),
        ("hidden", 0),
        ("hush", 0),
        ("second ann", 0),
        ("\\", 0),
        ("'; DROP TABLE books_book; --", 0),
        ("NaN", 0),
        ("Infinity", 0),
        ("1e999", 0),
        ("9" * 200, 0),
        ("0001-01-01", 0),
        ("9999-12-31", 0),
        ("-" + "9" * 30, 0),
        ("2024-02-30", 0),
    ],
)
def test_search_finds_rows(text: str, number: int, is_list: bool):
    class Choice(TableSerializer):
        class Meta:
            columns = COLUMNS

        def get_data(self, **kwargs: Any) -> Any:
            return list(Book.objects.all()) if is_list else Book.objects.all()

    found = view(Table(value=Choice), f"it-search={text.replace('%', '%25')}").total

    # The labels of choices are not known for rows of a list.
    assert found == (0 if is_list and text == "Poem" else number)


@pytest.mark.usefixtures("_shelf")
def test_search_reads_the_format_of_the_locale():
    table = Table(value=Book.objects.all, columns=COLUMNS)

    with translation.override("de"):
        assert view(table, "it-search=12,5").total == 1
        assert view(table, "it-search=29.02.2024").total == 1
