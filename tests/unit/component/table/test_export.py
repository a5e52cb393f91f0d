"""A table as a CSV file, in which no text becomes a formula."""

import datetime as dt
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from dashboards.component import Table
from tests.books.boards import Books
from tests.unit.component.table.support import COMPONENT, PAGE, bind, make_books, read_csv

pytestmark = pytest.mark.django_db


def test_export_parameter_on_page_and_batch_gives_html(client: Client):
    make_books(3)

    page = client.get(f"{PAGE}?books-export=csv")
    batch = client.get("/books/shelf/@components/later,listed/?later-export=csv&listed-export=csv")

    assert page["Content-Type"].startswith("text/html")
    assert "<table" in page.content.decode()
    assert all("<table" in each["html"] for each in batch.json()["ready"].values())


def test_file_has_the_found_rows_of_all_pages_in_order(client: Client):
    make_books(60)

    response = client.get(f"{COMPONENT}?books-export=csv&books-sort=-title&books-search=ann&x=1")
    rows = read_csv(response)

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="books.csv"'
    assert response["Cache-Control"] == "no-store, private"
    assert rows[0][:4] == ["Title", "Author", "Pages", "Price"]
    assert rows[1] == [
        "Book 000057", "Ann", "57", "14.25", "2024-02-27", "True", "*Novel*", "BOOK 000057",
    ]  # fmt: skip
    assert len(rows) == 21


def test_file_is_streamed_in_one_query(django_assert_num_queries: DjangoAssertNumQueries):
    make_books(5000)
    response = bind(Table(value=Books), "it-export=csv").get_response()

    with django_assert_num_queries(1):
        parts = list(response.streaming_content)

    assert len(parts) == 11


def test_file_is_streamed_under_asgi():
    make_books(3)

    async def read() -> bytes:
        response = await AsyncClient().get(f"{COMPONENT}?books-export=csv")
        return b"".join([part async for part in response.streaming_content])  # type: ignore[attr-defined]

    assert async_to_sync(read)().count(b"\r\n") == 4


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])  # noqa: RUF001
def test_csv_formula_is_written_as_text(start: str):
    text = f"{start}cmd|' /C calc'!A0"
    rows = [{text: text, "n": -5, "d": Decimal("-1.5"), "when": dt.date(2024, 1, 1)}]

    [head, cells] = read_csv(bind(Table(value=rows), "it-export=csv").get_response())

    assert head[0] == cells[0] == f"'{text}"
    assert cells[1:] == ["-5", "-1.5", "2024-01-01"]


@pytest.mark.parametrize(
    ("text", "disarmed"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a; =1+1", "a;' =1+1"),
        ("a\t@x", "a\t'@x"),
        ("a\n-1", "a\n'-1"),
        ('a;"=1+1"', 'a;\'"=1+1"'),
        ("a|+1", "a|'+1"),
        ("  =1", "'  =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\xa0＝1", "'\xa0＝1"),  # noqa: RUF001
        ('"=1"', '\'"=1"'),
        ("a;b;=1;=2", "a;b;'=1;'=2"),
        ("London, +44", "London, +44"),
        ("a-b; c=d", "a-b; c=d"),
    ],
)
def test_csv_formula_after_a_separator_or_blanks_is_written_as_text(text: str, disarmed: str):
    """A cell ``a;=1+1`` was a formula where the list's separator is a semicolon.

    Whatever a spreadsheet cuts or trims, what is left begins with an apostrophe.
    """
    [head, [cell]] = read_csv(bind(Table(value=[{text: text}]), "it-export=csv").get_response())

    assert [cell] == head == [disarmed]
    for separator in ";\t|\n":
        assert not any(
            each.strip(' "\ufeff\xa0').startswith(("=", "+", "-", "@"))
            for each in cell.split(separator)
        )


def test_csv_numbers_stay_numbers_and_odd_ones_are_text():
    class Odd(int):
        def __str__(self) -> str:
            return "=1+1"

    row = {
        "a": -5,
        "b": -1.5e-7,
        "c": Decimal("-1E+3"),
        "d": float("-inf"),
        "e": Odd(1),
        "f": "\udc80",
    }

    [_, cells] = read_csv(bind(Table(value=[row]), "it-export=csv").get_response())

    assert cells == ["-5", "-1.5e-07", "-1E+3", "'-inf", "'=1+1", "?"]


def test_csv_times_are_in_the_active_zone():
    rows = [{"aware": dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC), "no": None}]

    with timezone.override("Europe/Berlin"):
        [_, cells] = read_csv(bind(Table(value=rows), "it-export=csv").get_response())

    assert cells == ["2024-07-01 14:00:00+02:00", ""]


@pytest.mark.parametrize("path", ["/books/vault/", "/books/vault/@component/books/"])
def test_file_of_a_guarded_page_is_refused(client: Client, path: str):
    make_books(3)

    response = client.get(f"{path}?books-export=csv")

    assert response.status_code in (302, 403)
    assert b"Book 0" not in response.content


def test_basic_table_has_no_file(client: Client):
    response = client.get("/books/shelf/@component/plain/?plain-export=csv")

    assert response["Content-Type"].startswith("text/html")
