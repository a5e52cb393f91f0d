"""The viewer's choices for a table: no query breaks it, and none shows what is hidden."""

import re

import pytest
from django.test import Client

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

from tests.books.models import Book
from tests.unit.component.table.support import COMPONENT, PAGE, make_books, read_csv

pytestmark = pytest.mark.django_db


# Separated by bars and lines; a text in angle brackets is repeated five thousand times.
STRANGE = """
page=x|page=|page=-1|page=0|page=1.5|page=1e9|page=<9>|page=%D9%A3|page=%00|page=1&books-page=2
page=999999999999|page=%FF|page=1%20OR%201=1|size=x|size=0|size=-5|size=1000000|size=<9>
size=25.0|size=%00|size=10&books-size=50|sort=nothing|sort=-|sort=--title|sort=,,,
sort=title,title|sort=secret|sort=author__books__secret|sort=author|sort=pk|sort=?|sort=-?
sort=title;DROP|sort=shout|sort=get_absolute_url|sort=__class__|sort=%00|sort=<x>
sort=title&books-sort=-pages|sort=<title,>|sort=%F0%9F%8E%89|search=%00|search=%00ann%00
search=<x>|search=<a%20>|search=%FF%FE|search=%25|search=_|search='|search=%5C
search=%22%3E%3Cscript%3E|search=%ED%A0%80|search=<9>|search=-<9>|search=1e400|search=NaN
search=0001-01-01|search=9999-12-31|search=a&books-search=b|search[]=x|search|sort|page|size
export=xlsx|export=|export=%00|nothing=1|=1|-page=2|page=2&books-page="""


QUERIES = [
    re.sub(r"<(.*?)>", lambda match: match[1] * 5000, query)
    for query in re.split(r"[|\n]", STRANGE.strip())
]


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("key", ["books", "later", "listed", "plain"])
def test_invalid_parameters_are_ignored(client: Client, key: str):
    """The tables are one of a model, a deferred one, one of a list, and one without controls."""
    make_books(30)
    component = f"/books/shelf/@component/{key}/"

    for query in QUERIES:
        own = query.replace("books-", f"{key}-")
        for path in (PAGE, component) if key == "books" else (component,):
            response = client.get(f"{path}?{key}-{own}")
            assert response.status_code == 200, query
            html = response.content.decode()
            assert "hush" not in html, query
            assert "<script>" not in html.replace("<script src", ""), query


@pytest.mark.usefixtures("_no_exceptions")
@pytest.mark.parametrize("key", ["books", "later", "listed"])
def test_export_with_invalid_parameters_gives_all_rows(client: Client, key: str):
    make_books(30)
    address = f"/books/shelf/@component/{key}/?{key}-export=csv"

    for query in ("sort=nothing", "sort=-", f"sort={'n,' * 5000}", "sort=%00", "search=%FF", "x=1"):
        rows = read_csv(client.get(f"{address}&{key}-{query}&{key}-page=x&{key}-size=-1"))
        assert len(rows) == (1 if "search" in query else 31), query
        assert "hush" not in str(rows)


@pytest.mark.parametrize(
    "name",
    ["secret", "author__books__secret", "author", "pk", "in_print__x", "shout", "?", "-secret"],
)
def test_sort_by_a_hidden_field_changes_nothing(client: Client, name: str):
    """The order by a hidden field would tell its values, by comparison with known rows."""
    make_books(10)
    Book.objects.filter(pages=5).update(secret="a")
    plain = client.get(COMPONENT).content.decode()

    answer = client.get(COMPONENT, {"books-sort": name}).content.decode()

    assert re.findall(r"Book \d+", answer) == re.findall(r"Book \d+", plain)
    assert "data-dashboards-view-url" not in answer
