"""Tables of django-tables2: their order, their attributes and their footer."""

import re
from typing import Any

import pytest
from django.db.models.functions import Length
from pytest_django import DjangoAssertNumQueries

pytest.importorskip("django_tables2")

import django_tables2

from dashboards.component import Table
from tests.books.models import Author, Book
from tests.unit.component.table.support import first_column, html_of, make_books, view

pytestmark = pytest.mark.django_db


def test_table_class_orders_and_searches():
    class Authors(django_tables2.Table):  # type: ignore[misc] # brings no types
        loud = django_tables2.Column(accessor="name", verbose_name="Loud", order_by=("-name",))
        books = django_tables2.Column(accessor="pk", footer="all of them")

        class Meta:
            order_by = "-loud"

        def render_loud(self, value: str) -> str:
            return f"{value}!"

    Author.objects.bulk_create([Author(name="a"), Author(name="b")])

    for table in (
        Table(value=Author.objects.all, table_class=Authors),
        Table(value=lambda: Authors(Author.objects.all())),
        Table(value=lambda: list(Author.objects.all()), table_class=Authors),
    ):
        assert first_column(table) == ["a!", "b!"]
        assert first_column(table, "it-sort=loud") == ["b!", "a!"]
        assert first_column(table, "it-search=B") == ["b!"]
        assert "<tfoot>" in html_of(table)


def test_table_class_keeps_its_own_order_attributes_and_footer():
    class Own(django_tables2.Table):  # type: ignore[misc] # brings no types
        length = django_tables2.Column(accessor="title", footer=7)
        pages = django_tables2.Column(attrs={"td": {"data-pages": lambda value: value}})

        class Meta:
            row_attrs = {"data-row": lambda record: record.pk}  # noqa: RUF012 - as users write it

        def order_length(self, queryset: Any, is_descending: bool) -> Any:
            length = Length("title")
            return queryset.order_by(length.desc() if is_descending else length.asc()), True

    for title in ("ccc", "a", "bb"):
        Book.objects.create(title=title, pages=len(title))
    table = Table(value=Book.objects.all, table_class=Own)

    assert first_column(table, "it-sort=length") == ["a", "bb", "ccc"]
    assert first_column(table, "it-sort=-length,pages") == ["ccc", "bb", "a"]
    html = html_of(table)
    assert re.search(r'<tr data-row="\d+" class="even">', html)
    assert '<td data-pages="3" class="dashboards-number">3</td>' in html
    assert '<tfoot><tr><td class="dashboards-number">7</td><td></td></tr></tfoot>' in html


def test_columns_of_any_name_are_sortable():
    names = ["by", "a b", "c1", "x.y", "a,b", "-n", "", "class", "%", "render", "Ünder__score"]
    rows = [dict.fromkeys(names, n) for n in (1, 2)]
    table = Table(value=rows)
    headings = view(table).headings

    assert len(headings) == len(names)
    assert [heading.label for heading in headings][3:6] == ["x.y", "a,b", "-n"]
    for heading in headings:
        assert heading.link is not None
        falling = heading.link.href.replace("sort=", "sort=-")
        assert first_column(table, falling[1:]) == [2, 1]


def test_relations_to_many_are_read_in_one_query(django_assert_num_queries: DjangoAssertNumQueries):
    make_books(20)
    author = Author.objects.get(name="Ann")
    for book in Book.objects.all():
        book.editors.add(author)
    columns = {"title": "T", "editors": django_tables2.ManyToManyColumn()}
    table = Table(value=Book.objects.all, columns=columns)

    with django_assert_num_queries(3):
        html = html_of(table, "it-sort=editors&it-search=0")
    assert html.count("<td>Ann</td>") == 20
