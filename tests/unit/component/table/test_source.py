"""A table's rows and columns: the values that it takes, and those that it refuses."""

import re
from collections import UserList
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

pytest.importorskip("django_tables2")

import django_tables2
from django.utils.translation import gettext_lazy

from dashboards.component import BasicTable, Table, TableData
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.books.models import Author
from tests.unit.component.table.support import Plain, bind, first_column, html_of, view
from tests.unit.component.test_conversion import declare_odd

pytestmark = pytest.mark.django_db


class Pair(NamedTuple):
    name: str
    n: int


@dataclass
class Thing:
    name: str
    n: int


@pytest.mark.parametrize(
    "value",
    [
        [{"name": "a", "n": 1}, {"name": "b", "n": 2}],
        ({"name": "a", "n": 1}, {"name": "b", "n": 2}),
        [Pair("a", 1), Pair("b", 2)],
        [Thing("a", 1), Thing("b", 2)],
        {"data": [{"name": "a", "n": 1}, {"name": "b", "n": 2}]},
        {"data": [Plain("a", 1), Plain("b", 2)], "columns": ["name", "n"]},
        {"data": [Plain("a", 1), Plain("b", 2)], "columns": {"name": "Name", "n": None}},
        TableData([{"name": "a", "n": 1}, {"name": "b", "n": 2}], title="Two"),
        lambda: iter([{"name": "a", "n": 1}, {"name": "b", "n": 2}]),
        lambda: ({"name": name, "n": n} for n, name in enumerate("ab", 1)),
        lambda: django_tables2.table_factory(Author, fields=["name"])(
            [Author(name="a"), Author(name="b")]
        ),
    ],
    ids=[
        *[
            "dicts",
            "tuple",
            "namedtuples",
            "dataclasses",
            "dict",
            "objects",
            "headed",
            "data",
            "iterator",
            "generator",
        ],
        "tables2",
    ],
)
def test_table_accepts_rows(value: Any):
    shown = view(Table(value=value))

    assert [row.cells[0].value for row in shown.rows] == ["a", "b"]
    assert shown.headings[0].label == "Name"
    assert shown.total == 2


def test_no_value_yet_is_a_placeholder():
    assert "dashboards-placeholder" in html_of(Table())


def test_empty_table_shows_a_text():
    assert "There is nothing here yet." in html_of(Table(value=[], columns=["name"]))
    assert "No orders" in html_of(Table(value=list, empty="No orders"))
    assert "Nothing found for “x”." in html_of(Table(value=[{"a": 1}]), "it-search=x")


def test_table_that_a_filter_empties_says_that_nothing_was_found():
    """Regression: it said that there was nothing yet."""

    def find(filters: dict[str, Any]) -> list[dict[str, str]]:
        return [] if filters else [{"a": "1"}]

    table = Table(value=find, columns=["a"], empty="No orders")

    assert "Nothing found." in html_of(table, "word=x")
    assert "Nothing found for “y”." in html_of(table, "word=x&it-search=y")
    assert "No orders" in html_of(Table(value=list, columns=["a"], empty="No orders"), "word=x")


@pytest.mark.parametrize("value", ["text", 5, b"bytes", {"data": "text"}, {"data": None}])
def test_value_of_another_type_is_refused(value: Any):
    with pytest.raises(ComponentValueError, match=r"Own\.it: A Table's value must be a queryset"):
        bind(Table(value=value)).get_value()


def test_dict_with_unknown_keys_is_refused():
    with pytest.raises(ComponentValueError, match="may have data, columns, order, title; got"):
        bind(Table(value={"rows": []})).get_value()


@pytest.mark.parametrize(
    "value", [Author.objects.all, lambda: [Plain("a", 1)]], ids=["queryset", "list"]
)
def test_objects_without_columns_are_refused(value: Any):
    Author.objects.create(name="a")

    with pytest.raises(ComponentValueError, match="needs columns, as in columns="):
        bind(Table(value=value)).get_value()


def test_iterators_and_table_classes_as_values_are_refused():
    with pytest.raises(DeclarationError, match="empty after its first use; give a function"):
        Table(value=iter([]))
    with pytest.raises(DeclarationError, match=r"give a django_tables2\.Table as table_class="):
        Table(value=django_tables2.Table)
    with pytest.raises(DeclarationError, match="a number of rows, at least 1"):
        Table(page_size=0)


@pytest.mark.parametrize("size", ["25", True, 2.5, None], ids=repr)
def test_page_size_of_another_type_is_refused(size: Any):
    """True counted as 1."""
    with pytest.raises(DeclarationError, match=rf"page_size={size!r}\): a page must have a number"):
        Table(page_size=size)


@pytest.mark.parametrize("sizes", ["25", b"25", 25, None, [10, True], [0], ["10"]], ids=repr)
def test_page_sizes_of_another_type_are_refused_as_a_whole(sizes: Any):
    """A text was reported as ``page_size='2'``, and a number was a TypeError from within."""
    message = f"Table(page_sizes={sizes!r}): page_sizes must be a list of numbers of rows, each at "
    with pytest.raises(DeclarationError, match=re.escape(message)):
        Table(page_sizes=sizes)


def test_page_sizes_may_be_a_range():
    table = Table(value=[{"n": 1}], page_size=20, page_sizes=range(10, 40, 10))

    assert view(table).sizes == [10, 20, 30]


@pytest.mark.parametrize(
    "columns", ["name", b"name", 3, [3], {3: "Name"}, iter("ab")], ids=range(6)
)
def test_columns_of_another_type_are_refused(columns: Any):
    """A text counted as a list of its letters, each of which was an empty column."""
    with pytest.raises(DeclarationError, match="columns must be headings by name, or a list of n"):
        Table(columns=columns)
    with pytest.raises(ComponentValueError, match="columns must be headings by name, or a list"):
        bind(Table(value={"data": [], "columns": columns})).get_value()


def test_column_that_is_no_plain_text_is_named():
    """A lazy text looks like a text in the message, which so contradicted itself."""
    columns: Any = ["n", gettext_lazy("name")]
    with pytest.raises(
        DeclarationError, match=r"which are plain texts, got 'name' \(a lazy text\)\.$"
    ):
        Table(columns=columns)


@pytest.mark.parametrize(
    "names", [{"name": 1}.keys(), UserList(["name"])], ids=["keys", "UserList"]
)
def test_columns_may_be_any_collection_of_names(names: Any):
    assert first_column(Table(value=[{"name": "a", "n": 1}], columns=names)) == ["a"]
    assert first_column(Table(value={"data": [{"name": "a"}], "columns": names})) == ["a"]


def test_declared_queryset_is_read_for_each_request():
    table = Table(value=Author.objects.all(), columns=["name"])
    Author.objects.create(name="a")
    assert first_column(table) == ["a"]
    Author.objects.create(name="b")
    assert first_column(table) == ["a", "b"]
    assert first_column(Table(value=Author.objects, columns=["name"])) == ["a", "b"]


@pytest.mark.parametrize("is_flat", [False, True])
def test_rows_of_values_list_are_found_by_name(is_flat: bool):
    """Rows of ``values_list`` have no names, and every cell was silently a dash."""
    Author.objects.create(name="Ann")
    rows: Any = Author.objects.values_list("name", flat=True)
    if not is_flat:
        rows = Author.objects.values_list("name", "pk")

    html = BasicTable(value=rows, columns=["name"])
    it = declare_odd(html)()["it"]

    assert "Ann" in it.render(it.get_value())


def test_tuples_take_the_names_of_the_columns():
    it = declare_odd(BasicTable(columns={"a": "First", "b": "Second"}))()["it"]

    html = it.render(it.prepare([(1, "x"), [2, "y"]]))

    assert re.findall(r">(\w)</t[hd]>", html) == ["1", "x", "2", "y"]


@pytest.mark.parametrize("row", [(1,), (1, 2, 3), 7, "words", None, {1, 2}, int], ids=repr)
def test_row_without_the_columns_is_refused(row: Any):
    it = declare_odd(BasicTable(columns=["a", "b"]))()["it"]

    with pytest.raises(ComponentValueError, match=r"Odd\.it: A row of a Table must .*got "):
        it.prepare([row])
