"""Tables in every form that a value may have, and forms about books."""

import itertools
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters import ChoiceFilter, DateFromToRangeFilter, FilterSet, MultipleChoiceFilter
from django_tables2 import Column

from dashboards.component import BasicTable, Form, Stat, Table, Text
from dashboards.component.table import TableSerializer
from dashboards.component.table.columns import NumberColumn
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.forms import DashboardForm
from dashboards.live import Every, OnChange
from dashboards.permissions import IsAdminUser
from dashboards.registry import registry
from tests.books.models import Author, Book

_turns = itertools.count(1)


class Books(TableSerializer):
    class Meta:
        title = "Books"
        columns = {  # noqa: RUF012 - as users write it
            "title": "Title",
            "author__name": Column("Author", linkify=True),
            "pages": "Pages",
            "price": NumberColumn(decimals=2, suffix=" €"),
            "published": "Published",
            "in_print": "In print",
            "genre": "Genre",
            "shout": "Loud",
        }
        model = Book
        order = "title"
        first_as_absolute_url = True

    @staticmethod
    def get_genre_value(obj: Book) -> str:
        return f"*{obj.get_genre_display()}*"


@registry.register
class Shelf(Dashboard):
    """Tables of a model, of a list, deferred, and live."""

    books = Table(value=Books, grid_css_classes="span-12")
    later = Table(defer=Books, page_size=10, title="Later")
    listed = Table(defer=lambda: [{"name": f"n{n}", "n": n} for n in range(30)], page_size=10)
    plain = BasicTable(value=[{"name": "<b>bold</b>", "n": 1}, {"name": "b", "n": 2}])
    live = Table(value=Books, live=OnChange("books.Book"), grid_css_classes="span-12", title="Live")
    pushed = Table(live=True)


def turns() -> list[dict[str, Any]]:
    turn = next(_turns)
    return [{"name": f"row {n:02}", "turn": turn} for n in range(60)]


@registry.register
class Ticking(Dashboard):
    """Tables that change every second: broadcast, loaded upon a refresh marker, and polled."""

    rows = Table(value=turns, live=Every(seconds=1), page_size=10, grid_css_classes="span-12")
    refreshed = Table(
        value=turns, live=Every(seconds=1, delivery="per_viewer", jitter=0), page_size=10
    )
    polled = Table(value=turns, poll_rate=1, page_size=10)


@registry.register
class Vault(Dashboard):
    """For staff only."""

    books = Table(value=Books)

    class Meta:
        permission_classes = (IsAdminUser,)


class Find(DashboardForm):
    genre = forms.ChoiceField(choices=[("", "All"), *Book.Genre.choices], required=False)
    least = forms.IntegerField(label="At least pages", min_value=0, initial=0, required=False)
    order = forms.ChoiceField(choices=[("title", "Title"), ("-pages", "Longest first")])

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("least") == 13:
            msg = "Thirteen brings bad luck."
            raise ValidationError(msg)
        return self.cleaned_data


class AddBook(forms.ModelForm):  # type: ignore[type-arg]  # generic only to its stubs
    author = forms.ModelChoiceField(Author.objects.all(), required=False)
    genre = forms.ChoiceField(widget=forms.RadioSelect, choices=Book.Genre)
    scan = forms.FileField(required=False, help_text="The cover.")

    class Meta:
        model = Book
        fields = ("title", "author", "pages", "genre")

    def save(self, commit: bool = True) -> Book:
        if self.cleaned_data["title"] == "late":
            raise ValidationError({"title": "Refused <late>."})
        if self.cleaned_data["title"] == "elsewhere":
            raise ValidationError({"secret": "About no field."})
        if scan := self.cleaned_data["scan"]:
            self.instance.secret = scan.name
        super().save(commit)
        book: Book = self.instance
        return book


class EditAuthor(forms.ModelForm):  # type: ignore[type-arg]  # generic only to its stubs
    class Meta:
        model = Author
        fields = ("name",)

    def save(self, commit: bool = True, *, request: HttpRequest | None = None) -> Author:
        assert request is not None
        super().save(commit)
        author: Author = self.instance
        return author


def found(filters: dict[str, Any]) -> QuerySet[Book]:
    books = Book.objects.filter(pages__gte=filters["least"] or 0)
    if genre := filters["genre"]:
        books = books.filter(genre=genre)
    return books.order_by(filters["order"])


def count_found(filters: dict[str, Any]) -> int:
    return found(filters).count()


@registry.register
class Desk(Dashboard):
    """A form that filters, and one that saves."""

    find = Form(
        form=Find,
        dependents=["books", "count", "live_count", "late_count"],
        grid_css_classes="span-12",
    )
    books = Table(
        value=found, columns={"title": "Title", "pages": "Pages"}, grid_css_classes="span-6"
    )
    add = Form(
        form=AddBook,
        method="post",
        title="Add a book",
        dependents=["count"],
        live=OnChange("books.Author", jitter=0),
        grid_css_classes="span-6",
    )
    count = Stat(value=count_found)
    live_count = Stat(value=count_found, live=OnChange("books.Book"))
    late_count = Stat(defer=count_found)
    secret = Form(form=AddBook, method="post", permission_classes=[IsAdminUser])


@registry.register
class Errand(Dashboard):
    """A form with a view of its own, and one that filters while a user types."""

    ask = Form(form=Find, method="post", submit_url="hear", submit_text="Ask")
    typed = Form(form=Find, trigger="input delay:50ms", dependents=["count"])
    count = Stat(value=count_found)


class BookFilter(FilterSet):  # type: ignore[misc]  # it brings no types
    """A FilterSet of django-filter."""

    published = DateFromToRangeFilter()
    genre = ChoiceFilter(choices=Book.Genre.choices)
    genres = MultipleChoiceFilter(field_name="genre", label="Genres", choices=Book.Genre.choices)

    class Meta:
        model = Book
        fields: tuple[str, ...] = ()


@registry.register
class Catalogue(Dashboard):
    """Filtered by a FilterSet."""

    books = Table(
        value=lambda filterset: filterset.qs.order_by("title"),
        columns={"title": "Title", "published": "Published"},
    )
    said = Text(value=lambda filters: repr(dict(filters)))

    class Meta:
        filter_form = BookFilter


@registry.register
class AuthorDesk(ModelDashboard):
    """A form that changes the object."""

    edit = Form(form=EditAuthor, method="post", success_message="Renamed.")

    class Meta:
        model = Author
