"""Classes that declare what a table shows."""

from typing import Any

import pytest

pytest.importorskip("django_tables2")

from dashboards.component import Table
from dashboards.component.table import TableSerializer
from dashboards.exceptions import ComponentValueError, DeclarationError
from tests.books.models import Author, Book
from tests.unit.component.table.support import bind, first_column, html_of

pytestmark = pytest.mark.django_db


def test_unknown_attribute_of_meta_is_refused():
    with pytest.raises(DeclarationError, match=r"Odd\.Meta has no attribute colums; allowed are"):
        type("Odd", (TableSerializer,), {"Meta": type("Meta", (), {"colums": {}})})


def test_missing_attributes_of_meta_are_inherited():
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


def test_serializer_without_rows_is_refused():
    class Nothing(TableSerializer):
        class Meta:
            columns = ("a",)

    with pytest.raises(ComponentValueError, match=r"Nothing needs Meta\.model, get_queryset or"):
        bind(Table(value=Nothing)).get_value()


def test_serializer_of_the_older_documentation_works():
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
def test_get_queryset_gets_the_filters(kind: Any):
    Author.objects.bulk_create([Author(name="a"), Author(name="b")])

    def get_queryset(self: Any, *args: Any, **kwargs: Any) -> Any:
        return Author.objects.filter(name=kwargs["filters"]["name"])

    meta = type("Meta", (), {"columns": {"name": "Name"}})
    own = type("Own", (TableSerializer,), {"Meta": meta, "get_queryset": kind(get_queryset)})

    assert first_column(Table(value=own), "name=b") == ["b"]


def test_results_of_getters_are_escaped():
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
