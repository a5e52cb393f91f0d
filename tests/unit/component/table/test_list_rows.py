"""The order of rows, in memory and in the database alike."""

import datetime as dt
import re
import uuid
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from dashboards.component import Table
from tests.books.boards import Books
from tests.books.models import Author, Book
from tests.unit.component.table.support import first_column, make_books

pytestmark = pytest.mark.django_db


def rows_of_every_kind() -> list[dict[str, Any]]:
    values: list[Any] = [
        None, "b", "A", 2, -1, 1.5, Decimal(1), True, float("nan"), Decimal("NaN"), "",
        dt.date(2024, 1, 2), dt.datetime(2024, 1, 1), dt.datetime(1, 1, 1, tzinfo=dt.UTC),  # noqa: DTZ001
        dt.timedelta(1), uuid.UUID(int=1), [1], {}, ValueError("x"), 1j,
    ]  # fmt: skip
    return [{"n": n, "value": value} for n, value in enumerate(values)]


def test_values_of_every_type_are_ordered_with_missing_ones_last():
    table = Table(value=rows_of_every_kind, paging=False)
    there, missing = slice(0, -4), {0, 8, 9, 10}

    rising, falling = first_column(table, "it-sort=value"), first_column(table, "it-sort=-value")

    assert set(rising[-4:]) == set(falling[-4:]) == missing
    assert rising[:6] == [4, 6, 7, 5, 3, 2]
    assert set(rising[there]) == set(falling[there])


def test_order_by_several_columns_is_stable():
    rows = [{"n": n, "a": n % 2, "b": -n % 3} for n in range(6)]
    table = Table(value=rows)

    assert first_column(table, "it-sort=a,-b") == [4, 2, 0, 1, 5, 3]
    assert first_column(table, "it-sort=-a") == [1, 3, 5, 0, 2, 4]


def test_order_ignores_case_unless_force_lower_is_false():
    rows = [{"name": name} for name in ("b", "A", "C")]
    Author.objects.bulk_create(Author(**row) for row in rows)
    of_model = {"value": Author.objects.all, "columns": ["name"]}

    for given in ({"value": rows}, of_model):
        assert first_column(Table(**given), "it-sort=name") == ["A", "b", "C"]
        assert first_column(Table(**given, force_lower=False), "it-sort=name") == ["A", "C", "b"]
        assert first_column(Table(**given), "it-search=B") == ["b"]


@pytest.mark.parametrize("is_list", [False, True])
def test_rows_of_a_model_are_ordered_by_each_column(is_list: bool):
    make_books(9)

    class Own(Books):
        def get_data(self, **kwargs: Any) -> Any:
            books = Book.objects.all()
            return list(books) if is_list else books

    def ordered(name: str) -> list[str]:
        return [
            re.sub(r"<.*?>", "", str(value))[-1]
            for value in first_column(Table(value=Own), f"it-sort={name}")
        ]

    assert ordered("-title") == list("876543210")
    assert ordered("author__name,-title") == list("630741852")
    assert ordered("-author__name,title") == list("147036258")
    assert ordered("price,title") == list("135702468")
    assert ordered("-price,title") == list("753102468")
    # The database cannot order by a column that only Python knows.
    assert ordered("-shout") == list("876543210" if is_list else "012345678")
