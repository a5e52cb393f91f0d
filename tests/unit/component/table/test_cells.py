"""The cells of a table: text, links, and the format of the locale."""

import datetime as dt

import pytest
from django.utils import timezone, translation
from django.utils.safestring import mark_safe

pytest.importorskip("django_filters")
pytest.importorskip("django_tables2")

import django_tables2

from dashboards.component import Table
from dashboards.component.table.columns import FunctionColumn, NumberColumn
from tests.books.boards import Books
from tests.books.models import Author, Book
from tests.unit.component.support import EVIL, HOSTILE, Html, Thing
from tests.unit.component.table.support import Plain, html_of, make_books
from tests.unit.component.table.support import bind as bind_table

pytestmark = pytest.mark.django_db


def test_cells_are_escaped_unless_marked_safe():
    Author.objects.create(name=HOSTILE)
    rows = [{"a": HOSTILE, HOSTILE: HOSTILE, "safe": mark_safe("<i>safe</i>"), "list": [HOSTILE]}]
    linked = {"name": django_tables2.Column(HOSTILE, linkify=True)}

    for table in (
        Table(value=rows, title=HOSTILE, caption=HOSTILE, empty=HOSTILE),
        Table(value=[], empty=HOSTILE, columns=[HOSTILE]),
        Table(value=Author.objects.all, columns=linked),
        Table(
            value={
                "data": rows,
                "title": HOSTILE,
                "columns": {"a": FunctionColumn(lambda record: record["a"])},
            }
        ),
    ):
        html = Html(html_of(table, "it-search=x") + html_of(table))
        assert html.holds_nothing_hostile()
        assert "script" not in html.tags
    assert "<i>safe</i>" in html_of(Table(value=rows))


def test_cells_have_the_format_of_the_locale():
    row = {
        "day": dt.date(2024, 2, 29),
        "moment": dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
        "float": 1234.5,
        "yes": True,
        "missing": None,
        "number": 1234567,
        "made": 7,
    }
    columns = {
        **dict.fromkeys(row),
        "number": NumberColumn(decimals=1, suffix=" €"),
        "made": FunctionColumn(lambda value, record: f"{value} of {record['number']}"),
    }

    with translation.override("de"), timezone.override("UTC"):
        html = html_of(Table(value=[row], columns=columns))

    for text in (
        '<th scope="row">29. Februar 2024</th>',
        "<td>29. Februar 2024 12:00</td>",
        '<td class="dashboards-number">1234,5</td>',
        "<td>Ja</td>",
        "<td>—</td>",
        '<td class="dashboards-number">1.234.567,0 €</td>',
        "<td>7 of 1234567</td>",
    ):
        assert text in html


def test_long_texts_wrap():
    long = "word " * 20
    rows = [{"a": long, "b": mark_safe(f"<i>{'x' * 39}</i>"), "c": "short"}]

    html = html_of(Table(value=rows))

    assert f'<th scope="row" class="dashboards-long">{long}</th>' in html
    assert html.count("long") == 1


def test_links_follow_relations():
    make_books(3)

    html = html_of(Table(value=Books, ordering=False))

    [first, _, third] = Book.objects.order_by("title")
    assert f'<th scope="row"><a href="/books/{first.pk}/">Book 000000</a></th>' in html
    assert first.author is not None
    assert f'<td><a href="/authors/{first.author.pk}/">Ann</a></td>' in html
    assert third.author is None
    assert "<td>—</td>" in html


def test_link_without_an_address_is_text():
    columns = {"name": django_tables2.Column(linkify=True)}

    assert '<th scope="row">a</th>' in html_of(Table(value=[{"name": "a"}], columns=columns))

    class Nowhere(Plain):
        def get_absolute_url(self) -> str:
            return "/at/" if self.n else ""

    rows = [Nowhere("a", 0), Nowhere("b", 1)]
    rows[1].name = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)  # type: ignore[assignment]
    with timezone.override("UTC"):
        html = html_of(Table(value=rows, columns=columns))
    assert '<th scope="row">a</th>' in html
    assert '<a href="/at/">Feb. 29, 2024, noon</a>' in html


class Linked(django_tables2.Table):  # type: ignore[misc] # brings no types
    own = django_tables2.Column(accessor="name", linkify=True)
    called = django_tables2.Column(accessor="name", linkify=lambda record: record.url)
    typed = django_tables2.URLColumn(accessor="url")


@pytest.mark.parametrize("address", EVIL)
def test_table_link_of_a_row_to_javascript_is_shown_as_text(address: str):
    """A user typed ``javascript:…`` as an address, and the table linked each row to it.

    The row's text stays, without a link; ``Stat`` refused the same address already.
    """
    rows = [Thing(address), Thing("https://example.com/")]

    html = bind_table(Table(value=rows, table_class=Linked)).render_box()

    assert html.count('href="https://example.com/"') == 3
    assert html.count("<td>thing</td>") + html.count('<th scope="row">thing</th>') == 2
    assert not any(part in html for part in ('href="java', 'href=" java', 'href="data', 'href="v'))
    assert html.count("<a ") - html.count("hx-get") == 4  # the CSV file is one
