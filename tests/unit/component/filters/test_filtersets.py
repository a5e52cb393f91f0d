"""Filters of a page by a FilterSet of django-filter."""

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client, RequestFactory

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from django_filters import ChoiceFilter, FilterSet

from dashboards.component import Form, Text
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from tests.books.boards import BookFilter
from tests.books.models import Book

pytestmark = pytest.mark.django_db


def test_range_by_suffixes_is_given_by_one_end():
    """The parameter was taken for a foreign one, so the filter was missing."""

    class Own(Dashboard):
        class Meta:
            app_label = "site"
            filter_form = BookFilter

    dashboard = Own(RequestFactory().get("/", {"published_after": "2024-02-29", "more": "1"}))

    assert dashboard.filters["published"].start.date() == date(2024, 2, 29)
    assert dashboard.is_filtered
    assert dashboard._filters is not None
    assert dashboard._filters.get_others(dashboard.kept) == [("more", "1")]


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", "ABC"),
        ("published_after=2024-02-01", "BC"),
        ("published_after=2024-02-01&published_before=2024-02-28&more=1", "B"),
        ("genre=p", "C"),
        ("genres=n&genres=p", "ABC"),
        ("genres=p&genre=n", ""),
        ("published_after=nonsense&published_before=9999999-01-01", "ABC"),
        ("published_after=%00&genre=%00&genres=%00", "ABC"),
        ("genre=z&genres=z&genres=p&published=2024-02-01&published_=x&published_2=%FF", "ABC"),
        (f"genre=p&genres={'9' * 5000}", "C"),
    ],
)
def test_filterset_filters_a_page_and_ignores_bad_parameters(
    client: Client, query: str, titles: str
):
    for title, month, genre in (("A", 1, "n"), ("B", 2, "n"), ("C", 3, "p")):
        Book.objects.create(title=f"Book {title}", published=date(2024, month, 9), genre=genre)
    for path in ("", "@component/books/"):
        html = client.get(f"/books/catalogue/{path}?{query}").content.decode()
        assert "".join(re.findall(r">Book ([A-C])<", html)) == titles
    said = client.get(f"/books/catalogue/@components/said/?{query}").json()["ready"]["said"]
    assert said["status"] == 200
    assert "published" in said["html"]


class Kinds(FilterSet):  # type: ignore[misc]  # it brings no types
    """A FilterSet with an initial value."""

    genre = ChoiceFilter(choices=Book.Genre.choices, initial="n")

    class Meta:
        model = Book
        fields = ("genre", "title")


def titles(filterset: Any) -> str:
    return "".join(sorted(each.title for each in filterset.qs))


class Shelves(Dashboard):
    find = Form(form=Kinds, dependents=["found"])
    found = Text(value=titles, live=Every(seconds=60))
    all = Text(value=titles)

    class Meta:
        app_label = "site"
        filter_form = BookFilter


@pytest.mark.parametrize(
    ("query", "found", "all_"),
    [
        ({}, "AB", "ABC"),
        ({"find-genre": "p"}, "C", "ABC"),
        ({"find-genre": ""}, "ABC", "ABC"),
        ({"find-title": "B"}, "B", "ABC"),
        ({"find-genre": "z", "find-title": "B"}, "B", "ABC"),
        ({"genre": "p"}, "AB", "C"),
        ({"genre": "p", "find-genre": "p", "published_after": "nonsense"}, "C", "C"),
    ],
    ids=str,
)
def test_component_gets_its_own_filterset(query: dict[str, str], found: str, all_: str):
    """A component got the cleaned data of a FilterSet but not the FilterSet. To have its rows, code
    made it again from the query, without its initial values. It filters by the same values."""
    for title, genre in (("A", "n"), ("B", "n"), ("C", "p")):
        Book.objects.create(title=title, genre=genre)
    shelves = Shelves(RequestFactory().get("/", query))

    assert [shelves[key].get_value() for key in ("found", "all")] == [found, all_]
    assert shelves["found"].is_refreshed is bool(query), "a narrowed page loads its own"


def test_filterset_of_a_live_value_reads_its_rows_each_time():
    """A FilterSet keeps the rows that it has read, and a computed value lives as
    long as a page is open. Each computation gets a new FilterSet."""
    [source] = Shelves().get_computed_values()
    shown = []
    for title in ("A", "B"):
        Book.objects.create(title=title, genre="n")
        shown.append(str(source.render()))

    assert [re.findall(r"\b[AB]+\b", each) for each in shown] == [["A"], ["AB"]]
