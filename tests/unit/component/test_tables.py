"""Tables: what they take, order, find, cut into pages and write to a file; and what nobody gets."""

import csv
import datetime as dt
import io
import re
import uuid
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from typing import Any, NamedTuple

import django_tables2
import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.models import Count
from django.db.models.functions import Length, Upper
from django.template.loader import render_to_string
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.safestring import mark_safe
from pytest_django import DjangoAssertNumQueries

from dashboards.component import BasicTable, Component, Table, TableData
from dashboards.component.release import strip_mark
from dashboards.component.table import TableSerializer
from dashboards.component.table.columns import FunctionColumn, NumberColumn
from dashboards.component.table.view import TableView
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError, ValueTooLargeError
from dashboards.live import Every, push
from dashboards.live.stores import get_store
from tests.books.dashboards import Books, Shelf
from tests.books.models import Author, Book
from tests.unit.component.test_components import HOSTILE, Html

pytestmark = pytest.mark.django_db

PAGE, COMPONENT = "/books/shelf/", "/books/shelf/@component/books/"


def bind(component: Component, query: str = "") -> Any:
    """Return a component bound to a request for an address with this query."""

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


# What it takes


class Pair(NamedTuple):
    name: str
    n: int


@dataclass
class Thing:
    name: str
    n: int


class Plain:
    def __init__(self, name: str, n: int) -> None:
        self.name, self.n = name, n


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
def test_it_takes(value: Any):
    shown = view(Table(value=value))

    assert [row.cells[0].value for row in shown.rows] == ["a", "b"]
    assert shown.headings[0].label == "Name"
    assert shown.total == 2


def test_no_value_yet_is_a_placeholder():
    assert "dashboards-placeholder" in html_of(Table())


def test_an_empty_table_says_so():
    assert "There is nothing here yet." in html_of(Table(value=[], columns=["name"]))
    assert "No orders" in html_of(Table(value=list, empty="No orders"))
    assert "Nothing found for “x”." in html_of(Table(value=[{"a": 1}]), "it-search=x")


@pytest.mark.parametrize("value", ["text", 5, b"bytes", {"data": "text"}, {"data": None}])
def test_it_refuses(value: Any):
    with pytest.raises(ComponentValueError, match=r"Own\.it: A Table's value must be a queryset"):
        bind(Table(value=value)).get_value()


def test_it_refuses_a_dict_that_says_something_else():
    with pytest.raises(ComponentValueError, match="may have data, columns, order, title; got"):
        bind(Table(value={"rows": []})).get_value()


@pytest.mark.parametrize(
    "value", [Author.objects.all, lambda: [Plain("a", 1)]], ids=["queryset", "list"]
)
def test_what_may_be_shown_of_an_object_must_be_said(value: Any):
    Author.objects.create(name="a")

    with pytest.raises(ComponentValueError, match="needs columns, as in columns="):
        bind(Table(value=value)).get_value()


def test_what_works_once_is_refused_when_it_is_declared():
    with pytest.raises(DeclarationError, match="empty after its first use; give a function"):
        Table(value=iter([]))
    with pytest.raises(DeclarationError, match=r"give a django_tables2\.Table as table_class="):
        Table(value=django_tables2.Table)
    with pytest.raises(DeclarationError, match="at least 1 row"):
        Table(page_size=0)


def test_a_serializer_refuses_what_its_meta_may_not_say():
    with pytest.raises(DeclarationError, match=r"Odd\.Meta has no attribute colums; allowed are"):
        type("Odd", (TableSerializer,), {"Meta": type("Meta", (), {"colums": {}})})


def test_a_serializer_inherits_what_its_own_meta_does_not_say():
    class Base(TableSerializer):
        class Meta:
            model = Book
            columns = ("title",)
            title = "All"

    class Titled(Base):
        class Meta:
            title = "Some"

    assert [Titled.get_option(name) for name in ("model", "columns", "title")] == [
        *(Book, ("title",), "Some")
    ]
    assert Base.get_option("title") == "All"
    assert Titled.get_option("order", "none") == "none"


def test_a_serializer_without_rows_says_what_it_needs():
    class Nothing(TableSerializer):
        class Meta:
            columns = ("a",)

    with pytest.raises(ComponentValueError, match=r"Nothing needs Meta\.model, get_queryset or"):
        bind(Table(value=Nothing)).get_value()


def test_a_serializer_as_the_older_documentation_writes_it():
    class Example(TableSerializer):
        class Meta:
            title = "Example table"
            columns = {"key": "Key", "value": "Value"}  # noqa: RUF012 - as users write it

        @staticmethod
        def get_data(filters: Any, **kwargs: Any) -> list[dict[str, Any]]:
            assert set(kwargs) == {"request", "object", "user", "filterset"}
            return [{"key": f"key_{n}", "value": n} for n in range(10) if filters["min"] <= str(n)]

        @staticmethod
        def get_key_value(obj: Any) -> str:
            return f"The Key is: {obj['key']}"

    for value in (Example, Example.serialize):
        for component in (Table(value=value), Table(defer=value)):
            shown = bind(component, "min=7").get_value()
            assert [row.cells[0].value for row in shown.rows] == [
                "The Key is: key_7",
                "The Key is: key_8",
                "The Key is: key_9",
            ]
            assert shown.title == "Example table"


@pytest.mark.parametrize("kind", [classmethod, lambda function: function], ids=["class", "self"])
def test_a_serializer_has_a_queryset_of_its_own(kind: Any):
    Author.objects.bulk_create([Author(name="a"), Author(name="b")])

    def get_queryset(self: Any, *args: Any, **kwargs: Any) -> Any:
        return Author.objects.filter(name=kwargs["filters"]["name"])

    meta = type("Meta", (), {"columns": {"name": "Name"}})
    own = type("Own", (TableSerializer,), {"Meta": meta, "get_queryset": kind(get_queryset)})

    assert first_column(Table(value=own), "name=b") == ["b"]


def test_a_declared_queryset_is_read_anew_each_time():
    table = Table(value=Author.objects.all(), columns=["name"])
    Author.objects.create(name="a")
    assert first_column(table) == ["a"]
    Author.objects.create(name="b")
    assert first_column(table) == ["a", "b"]
    assert first_column(Table(value=Author.objects, columns=["name"])) == ["a", "b"]


def test_a_table_of_django_tables2():
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


def test_standing_alone_it_has_nothing_to_choose():
    table = Table(value=[{"n": n} for n in range(40)], key="alone")
    html = render_to_string(
        table.template, {"component": table, "rendered_value": table.get_value()}
    )

    assert html.count("<tr>") == 41
    assert "hx-" not in html
    assert "<form" not in html


# Order


def rows_of_every_kind() -> list[dict[str, Any]]:
    values: list[Any] = [
        None, "b", "A", 2, -1, 1.5, Decimal(1), True, float("nan"), Decimal("NaN"), "",
        dt.date(2024, 1, 2), dt.datetime(2024, 1, 1), dt.datetime(1, 1, 1, tzinfo=dt.UTC),  # noqa: DTZ001
        dt.timedelta(1), uuid.UUID(int=1), [1], {}, ValueError("x"), 1j,
    ]  # fmt: skip
    return [{"n": n, "value": value} for n, value in enumerate(values)]


def test_values_of_every_kind_have_an_order_and_what_is_missing_is_last():
    table = Table(value=rows_of_every_kind, paging=False)
    there, missing = slice(0, -4), {0, 8, 9, 10}

    rising, falling = first_column(table, "it-sort=value"), first_column(table, "it-sort=-value")

    assert set(rising[-4:]) == set(falling[-4:]) == missing
    assert rising[:6] == [4, 6, 7, 5, 3, 2]
    assert set(rising[there]) == set(falling[there])


def test_several_columns_order_and_equal_rows_stay_as_they_stood():
    rows = [{"n": n, "a": n % 2, "b": -n % 3} for n in range(6)]
    table = Table(value=rows)

    assert first_column(table, "it-sort=a,-b") == [4, 2, 0, 1, 5, 3]
    assert first_column(table, "it-sort=-a") == [1, 3, 5, 0, 2, 4]


def test_upper_and_lower_case_are_one_unless_told():
    rows = [{"name": name} for name in ("b", "A", "C")]
    Author.objects.bulk_create(Author(**row) for row in rows)
    of_model = {"value": Author.objects.all, "columns": ["name"]}

    for given in ({"value": rows}, of_model):
        assert first_column(Table(**given), "it-sort=name") == ["A", "b", "C"]
        assert first_column(Table(**given, force_lower=False), "it-sort=name") == ["A", "C", "b"]
        assert first_column(Table(**given), "it-search=B") == ["b"]


@pytest.mark.parametrize("is_list", [False, True])
def test_a_model_is_ordered_by_each_of_its_columns(is_list: bool):
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
    # What the database does not know, it cannot order by.
    assert ordered("-shout") == list("876543210" if is_list else "012345678")


def test_a_heading_asks_to_be_first_and_keeps_the_others():
    table = Table(value=[{"a": 1, "b": 2, "c": 3, "d": 4}], order="b")

    def asks(query: str) -> dict[str, str]:
        return {
            str(heading.label): unescape(heading.link.href) if heading.link else ""
            for heading in view(table, query).headings
        }

    assert asks("x=1")["A"] == "?x=1&it-sort=a%2Cb"
    assert asks("")["B"] == "?it-sort=-b"
    assert asks("it-sort=a,-b,c&it-page=2")["D"] == "?it-sort=d%2Ca%2C-b"
    html = html_of(table, "it-sort=-a,b")
    assert html.count("aria-sort") == 1
    assert '<th scope="col" aria-sort="descending"' in html
    assert '<sup aria-hidden="true">2</sup>' in html


def test_a_table_of_django_tables2_orders_in_its_own_way_and_sums_up():
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


def test_columns_may_be_called_as_they_like():
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


def test_pages_do_not_overlap_however_equal_the_rows():
    Book.objects.bulk_create(Book(title="same", pages=1) for _ in range(30))
    table = Table(value=Book.objects.order_by("title"), columns=["pk"], page_size=10)

    for sort in ("", "pk", "-pk"):
        seen = [
            pk for page in "123" for pk in first_column(table, f"it-sort={sort}&it-page={page}")
        ]
        assert len(set(seen)) == 30


def test_groups_stay_groups():
    make_books(9)
    counted = Book.objects.values("author__name").annotate(number=Count("pk"))
    table = Table(value=counted)

    assert view(table).total == 3
    assert first_column(table, "it-sort=-author__name") == ["bob", "Ann", "—"]
    assert set(first_column(table, "it-search=3")) == {"Ann", "bob", "—"}
    assert first_column(table, "it-search=ann") == ["Ann"]


def test_annotations_order_and_are_found():
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
def test_querysets_of_other_kinds(queryset: Any):
    Author.objects.bulk_create([Author(name="a"), Author(name="b"), Author(name="c")])
    table = Table(value=queryset, columns=["name"])

    assert first_column(table, "it-sort=-name") == ["b", "a"]
    assert first_column(table, "it-search=b&it-sort=name") == ["b"]
    assert view(table, "it-page=2").total == 2


# Search


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
def test_it_finds(text: str, number: int, is_list: bool):
    class Choice(TableSerializer):
        class Meta:
            columns = COLUMNS

        def get_data(self, **kwargs: Any) -> Any:
            return list(Book.objects.all()) if is_list else Book.objects.all()

    found = view(Table(value=Choice), f"it-search={text.replace('%', '%25')}").total

    # In a list, what a choice is called is not known.
    assert found == (0 if is_list and text == "Poem" else number)


@pytest.mark.usefixtures("_shelf")
def test_it_finds_what_is_written_by_the_locale():
    table = Table(value=Book.objects.all, columns=COLUMNS)

    with translation.override("de"):
        assert view(table, "it-search=12,5").total == 1
        assert view(table, "it-search=29.02.2024").total == 1


# Pages


def test_a_hundred_thousand_rows_cost_as_many_queries_as_a_hundred():
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


def test_relations_to_many_are_read_at_once(django_assert_num_queries: DjangoAssertNumQueries):
    make_books(20)
    author = Author.objects.get(name="Ann")
    for book in Book.objects.all():
        book.editors.add(author)
    columns = {"title": "T", "editors": django_tables2.ManyToManyColumn()}
    table = Table(value=Book.objects.all, columns=columns)

    with django_assert_num_queries(3):
        html = html_of(table, "it-sort=editors&it-search=0")
    assert html.count("<td>Ann</td>") == 20


def test_pages_and_their_addresses():
    table = Table(value=[{"n": n} for n in range(60)], page_size=10)

    shown = view(table, "it-page=3&it-search=&a=1&a=2")

    assert (shown.first_row, shown.last_row, shown.total_text) == ("21", "30", "60")
    assert shown.previous_page is not None
    assert shown.previous_page.href == "?a=1&a=2&it-page=2"
    assert shown.first_page is not None
    assert shown.first_page.href == "?a=1&a=2"
    assert shown.last_page is not None
    assert shown.last_page.load.endswith("/@component/it/?a=1&a=2&it-page=6")
    assert view(table).first_page is None
    assert view(table, "it-page=6").next_page is None
    assert len(view(table, "it-size=50&it-page=2").rows) == 10


def test_a_search_keeps_the_order_and_what_else_the_page_was_asked_for():
    table = Table(value=[{"n": n} for n in range(60)])
    html = html_of(table, "it-sort=-n&it-page=2&it-size=10&other-page=3&x=%3Cb%3E")
    hidden = re.findall(r'type="hidden" name="(.*?)" value="(.*?)"', html)

    assert hidden == [("other-page", "3"), ("x", "&lt;b&gt;"), ("it-sort", "-n")]


# What a client can send

# Separated by bars and lines; what stands in angles comes five thousand times.
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
def test_nothing_that_a_client_sends_brings_it_down(client: Client, key: str):
    """A table of a model, one that is deferred, one of a list, and one with nothing to choose."""
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
def test_a_file_is_written_whatever_else_is_asked(client: Client, key: str):
    make_books(30)
    address = f"/books/shelf/@component/{key}/?{key}-export=csv"

    for query in ("sort=nothing", "sort=-", f"sort={'n,' * 5000}", "sort=%00", "search=%FF", "x=1"):
        rows = read_csv(client.get(f"{address}&{key}-{query}&{key}-page=x&{key}-size=-1"))
        assert len(rows) == (1 if "search" in query else 31), query
        assert "hush" not in str(rows)


def test_only_a_components_own_address_answers_with_a_file(client: Client):
    make_books(3)

    page = client.get(f"{PAGE}?books-export=csv")
    batch = client.get("/books/shelf/@components/later,listed/?later-export=csv&listed-export=csv")

    assert page["Content-Type"].startswith("text/html")
    assert "<table" in page.content.decode()
    assert all("<table" in each["html"] for each in batch.json()["ready"].values())


@pytest.mark.parametrize(
    "name",
    ["secret", "author__books__secret", "author", "pk", "in_print__x", "shout", "?", "-secret"],
)
def test_what_is_no_column_orders_nothing(client: Client, name: str):
    """Ordered by what is hidden, rows would tell it: above which of my own does it stand?"""
    make_books(10)
    Book.objects.filter(pages=5).update(secret="a")
    plain = client.get(COMPONENT).content.decode()

    answer = client.get(COMPONENT, {"books-sort": name}).content.decode()

    assert re.findall(r"Book \d+", answer) == re.findall(r"Book \d+", plain)
    assert "data-dashboards-view-url" not in answer


@pytest.mark.parametrize(
    ("query", "page"),
    [("page=x", 1), ("page=-3", 1), ("page=2", 2), ("page=99", 3), ("page=1&it-page=2", 2)],
)
def test_a_page_that_is_none_is_the_nearest(query: str, page: int):
    table = Table(value=[{"n": n} for n in range(25)], page_size=10)

    assert view(table, f"it-{query}").page == page


def test_what_is_not_offered_cannot_be_asked_for():
    table = BasicTable(value=[{"n": n} for n in range(60)])

    html = html_of(table, "it-sort=-n&it-search=5&it-page=2&it-size=10")

    assert html.count("<tr>") == 61
    assert html.index(">0<") < html.index(">59<")
    assert "<a" not in html
    assert "<form" not in html


# Cells


def test_cells_are_text_unless_the_developer_marked_them_safe():
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


def test_what_a_getter_returns_is_text():
    class Own(TableSerializer):
        class Meta:
            columns = ("a", "b")

        def get_data(self, **kwargs: Any) -> Any:
            return [{}]

        def get_a_value(self, obj: Any) -> str:
            return "<b>"

        @classmethod
        def get_b_value(cls, obj: Any) -> None:
            return None

    html = html_of(Table(value=Own))

    assert '<th scope="row">&lt;b&gt;</th><td>—</td>' in html


def test_cells_are_written_by_the_locale():
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


def test_long_texts_are_written_in_several_lines():
    long = "word " * 20
    rows = [{"a": long, "b": mark_safe(f"<i>{'x' * 39}</i>"), "c": "short"}]

    html = html_of(Table(value=rows))

    assert f'<th scope="row" class="dashboards-long">{long}</th>' in html
    assert html.count("long") == 1


def test_links_go_through_relations():
    make_books(3)

    html = html_of(Table(value=Books, ordering=False))

    [first, _, third] = Book.objects.order_by("title")
    assert f'<th scope="row"><a href="/books/{first.pk}/">Book 000000</a></th>' in html
    assert first.author is not None
    assert f'<td><a href="/authors/{first.author.pk}/">Ann</a></td>' in html
    assert third.author is None
    assert "<td>—</td>" in html


def test_a_link_to_what_has_no_page_is_text():
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


# A file


def read_csv(response: Any) -> list[list[str]]:
    content = b"".join(response.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content[1:])))


def test_a_file_has_the_rows_of_all_pages_as_they_are_asked_for(client: Client):
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


def test_a_file_is_streamed_in_one_query(django_assert_num_queries: DjangoAssertNumQueries):
    make_books(5000)
    response = bind(Table(value=Books), "it-export=csv").get_response()

    with django_assert_num_queries(1):
        parts = list(response.streaming_content)

    assert len(parts) == 11


def test_a_file_is_streamed_by_an_asynchronous_server():
    make_books(3)

    async def read() -> bytes:
        response = await AsyncClient().get(f"{COMPONENT}?books-export=csv")
        return b"".join([part async for part in response.streaming_content])  # type: ignore[attr-defined]

    assert async_to_sync(read)().count(b"\r\n") == 4


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])  # noqa: RUF001
def test_no_cell_of_a_file_is_a_formula(start: str):
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
def test_csv_formula_behind_a_separator_or_blanks_is_text(text: str, disarmed: str):
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


def test_csv_numbers_are_numbers_and_odd_ones_text():
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


def test_moments_in_a_file_are_those_of_the_site():
    rows = [{"aware": dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC), "no": None}]

    with timezone.override("Europe/Berlin"):
        [_, cells] = read_csv(bind(Table(value=rows), "it-export=csv").get_response())

    assert cells == ["2024-07-01 14:00:00+02:00", ""]


@pytest.mark.parametrize("path", ["/books/vault/", "/books/vault/@component/books/"])
def test_a_file_is_for_those_who_may_open_the_page(client: Client, path: str):
    make_books(3)

    response = client.get(f"{path}?books-export=csv")

    assert response.status_code in (302, 403)
    assert b"Book 0" not in response.content


def test_no_file_where_none_is_offered(client: Client):
    response = client.get("/books/shelf/@component/plain/?plain-export=csv")

    assert response["Content-Type"].startswith("text/html")


# Live


def put(key: str, value: Any) -> str:
    target = Shelf()
    frame = target.prepare_pushed(key, value).render()
    get_store().put(target.channel, {key: frame})
    assert isinstance(frame, str)
    return frame


def test_what_is_pushed_is_all_shown_with_nothing_to_choose(client: Client):
    frame = put("pushed", [{"n": n} for n in range(40)])

    assert frame.count("<tr>") == 41
    assert "hx-" not in frame
    answer = client.get("/books/shelf/@component/pushed/?pushed-sort=-n&pushed-export=csv")
    assert answer.content.decode() == strip_mark(frame)


def test_a_table_of_a_million_rows_is_refused_by_the_push_without_being_rendered():
    """A million rows without pages took minutes to render, and were to be sent to every page. They
    are refused by their number, with the limit and the setting."""
    rows = [{"n": 1}] * 1_000_000
    with pytest.raises(ValueTooLargeError) as refused:
        push(Shelf, "pushed", rows)
    assert str(refused.value) == (
        "Shelf.pushed: a table without pages shows 111,111 rows at most, for 2,000,000 bytes are "
        "stored and sent to pages. Show fewer, let it be loaded in pages (a Table whose value is "
        "callable), or raise DASHBOARDS['MAX_FRAME_BYTES']."
    )


def test_what_is_pushed_speaks_the_language_of_the_site():
    with translation.override("de"):
        frame = put("pushed", [{"yes": True, "n": 1234.5}])

    assert '<th scope="row">yes</th>' in frame
    assert "1234.5" in frame


def test_who_has_sorted_a_live_table_gets_their_own_and_all_others_the_shared(client: Client):
    make_books(60)
    url = "/books/shelf/@component/live/"
    shared = client.get(url).content.decode()

    own = client.get(f"{url}?live-sort=-pages").content.decode()

    assert "data-dashboards-view-url" not in shared
    assert f'data-dashboards-view-url="{url}?live-sort=-pages"' in own
    assert "Book 000059" in own
    assert "Book 000059" not in shared
    page = client.get(f"{PAGE}?live-sort=-pages").content.decode()
    assert f'data-dashboards-view-url="{url}?live-sort=-pages"' in page
    stream = client.get("/books/shelf/@stream/").content.decode()
    assert "Book 000059" not in stream


def test_a_deferred_table_loads_what_the_pages_address_asks_for(client: Client):
    make_books(60)

    page = client.get(f"{PAGE}?later-page=3&later-sort=-pages").content.decode()

    [address] = re.findall(r'hx-get="([^"]*/later/[^"]*)"[^>]*hx-trigger="dashboards:seen', page)
    assert unescape(address).endswith("/later/?later-page=3&later-sort=-pages")
    answer = client.get(unescape(address)).content.decode()
    assert "21–30 of 60" in answer  # noqa: RUF001


def test_no_parameters_of_a_viewer_reach_what_is_computed_for_all():
    calls: list[int] = []

    def rows() -> list[dict[str, int]]:
        calls.append(1)
        return [{"n": 1}]

    bound = bind(Table(value=rows, live=Every(seconds=1)), "it-nothing=1&other-sort=n")

    assert bound.is_customized is False
    assert bound.addresses.url.endswith("/@component/it/")


def test_a_pushed_value_is_read_when_it_is_pushed(
    django_capture_on_commit_callbacks: Any, settings: Any
):
    rows = [{"n": 1}]
    with django_capture_on_commit_callbacks(execute=True):
        push(Shelf, "pushed", rows)
        rows.append({"n": 2})

    html = str(Shelf(RequestFactory().get("/")).render_content("pushed"))
    assert html.count("<tr>") == 2


# For those who do not see it


def test_it_is_told_to_those_who_do_not_see_it():
    html = html_of(Table(value=[{"a": 1}, {"a": 2}], title="Two rows", page_size=1))

    assert '<caption class="dashboards-hidden">Two rows</caption>' in html
    assert 'role="region" aria-label="Two rows" tabindex="0"' in html
    assert '<th scope="col"' in html
    assert '<th scope="row"' in html
    assert 'role="status">1–1 of 2' in html  # noqa: RUF001
    assert 'aria-label="Pages of Two rows"' in html
    assert 'aria-current="page">Page 1 of 2<' in html
    visible = html_of(Table(value={"data": [{"a": 1}], "title": "Seen"}))
    assert "<caption>Seen</caption>" in visible
