"""Filters of a page: in the address, in every component, and never the end of a page."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django_filters import ChoiceFilter, FilterSet

from dashboards.component import Form, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import Every
from tests.books.boards import BookFilter
from tests.books.models import Book
from tests.site.dashboards import HOSTILE, Filtered, Period

pytestmark = pytest.mark.django_db(transaction=True)


USUAL = "2024 None []"


def shown(client: Client, query: str) -> list[str]:
    """Return what each component says that it was narrowed to, on page and address alike."""
    said = [client.get(f"/site/filtered/?{query}").content.decode()]
    said += [
        client.get(f"/site/filtered/@component/{key}/?{query}").content.decode()
        for key in ("now", "late", "polled", "computed", "called")
    ]
    assert said
    return [unescape(each) for html in said for each in re.findall(r"\d+ \S+ \[[^\]]*\]", html)]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", USUAL),
        ("year=2023", "2023 None []"),
        ("year=2023&since=2024-02-29&word=ab", "2023 2024-02-29 [ab]"),
        ("year=2023&since=nonsense", "2023 None []"),
        ("year=1999", USUAL),
        ("year=1999&word=ab", "2024 None [ab]"),
        ("year=%00", USUAL),
        ("word=%00", USUAL),
        ("word=toolong", USUAL),
        ("word=<b>", "2024 None [<b>]"),
        ("since=2024-02-02&until=2024-01-01&year=2023", USUAL),
        ("group=999999999999999999999999", USUAL),
        ("group=letters", USUAL),
        ("group=1&group=2", USUAL),
        ("year=2023&year=2024", USUAL),
        ("unknown=1", USUAL),
        ("since[]=1", USUAL),
        ("filters=1&request=2&now-page=3", USUAL),
        ("since=9999999-01-01", USUAL),
        ("%FF=%FE", USUAL),
    ],
)
def test_components_get_cleaned_filters_and_defaults_for_bad_ones(
    client: Client, query: str, values: str
):
    said = shown(client, query)

    assert len(said) == 9
    assert set(said) == {values}


def test_bad_filter_is_an_error_beside_its_field(client: Client):
    page = client.get("/site/filtered/?year=1999&word=toolong").content.decode()

    assert "1999 is not one of the available choices" in page
    assert "at most 5 characters" in page
    assert 'value="toolong"' in page, "and can be mended"
    page = client.get("/site/filtered/?since=2024-02-02&until=2024-01-01").content.decode()
    assert "It ends before it begins." in page


def test_filter_form_shows_the_filters_of_the_page(client: Client):
    page = client.get("/site/filtered/?word=ab&now-page=2&x=%22%3E").content.decode()

    assert '<input type="text" name="word" value="ab"' in page
    assert '<option value="2024" selected>' in page, "what is not given is the usual"
    assert '<input type="hidden" name="now-page" value="2">' in page
    assert 'href="?now-page=2&amp;"' in page, "what nothing on the page knows is not repeated"
    page = client.get("/site/filtered/").content.decode()
    assert "errorlist" not in page
    assert "Reset" not in page


def test_page_without_filter_form_has_no_form(client: Client):
    assert "<form" not in client.get("/site/later/?year=2023").content.decode()


def test_deferred_components_load_with_the_filters(client: Client):
    page = client.get("/site/filtered/?year=2023&word=a%26b").content.decode()

    for key in ("late", "polled", "computed", "called"):
        url = f"/site/filtered/@component/{key}/?year=2023&amp;word=a%26b"
        assert f'hx-get="{url}"' in page
    assert 'hx-get="/site/filtered/@component/pushed/' not in page


def test_filtered_page_loads_computed_values_itself(client: Client):
    def listeners(query: str) -> dict[str, str]:
        page = client.get(f"/site/filtered/?{query}").content.decode()
        return {key: how for how, key in re.findall(r'sse-(swap|refresh)="(\w+)"', page)}

    swap = {"computed": "swap", "called": "swap", "pushed": "swap"}
    assert listeners("") == swap
    assert listeners("year=2024") == swap, "what everybody sees"
    assert listeners("year=2023") == {**swap, "computed": "refresh", "called": "refresh"}
    assert listeners("word=toolong") == swap
    assert listeners("computed-sort=x") == swap, "a kind says itself what shapes it"


def test_value_without_filters_is_broadcast_to_filtered_pages():
    """``?utm_source=…`` would else make each page ask for what all are sent."""

    class Tagged(Dashboard):
        blind = Stat(value=lambda: 1, live=Every(seconds=60))
        told = Stat(value=lambda filters: 2 * len(filters), live=Every(seconds=60))
        asked = Stat(value=lambda **kwargs: len(kwargs), live=Every(seconds=60))
        own = Stat(live=Every(seconds=60))

        def get_own_value(self) -> int:
            return len(self.filters)

        class Meta:
            app_label = "site"

    page = Tagged(RequestFactory().get("/?utm_source=x"))

    assert [each.key for each in page if each.is_refreshed] == [
        "told",
        "asked",
        "own",
    ]
    assert not [each.key for each in Tagged(RequestFactory().get("/")) if each.is_refreshed]


def test_instance_without_a_request_has_the_initial_filters():
    filters = Filtered().filters

    assert filters["year"] == 2024
    assert filters["since"] is None
    assert Filtered().is_filtered is False


class Multiple(forms.Form):
    when = forms.SplitDateTimeField(required=False)
    names = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], initial=["a"])
    ticked = forms.BooleanField(required=False, initial=True)
    groups = forms.ModelMultipleChoiceField(Group.objects.all(), required=False)
    needed = forms.CharField()


def test_range_by_suffixes_is_given_by_one_end():
    """It was taken for somebody else's, and so for not given."""

    class Own(Dashboard):
        class Meta:
            app_label = "site"
            filter_form = BookFilter

    dashboard = Own(RequestFactory().get("/", {"published_after": "2024-02-29", "more": "1"}))

    assert dashboard.filters["published"].start.date() == date(2024, 2, 29)
    assert dashboard.is_filtered
    assert dashboard._filters is not None
    assert dashboard._filters.get_others(dashboard.kept) == [("more", "1")]


class ByDjangoFilter(FilterSet):  # type: ignore[misc]  # it brings no types
    class Meta:
        model = Group
        fields: tuple[str, ...] = ()
        form = Multiple

    def __init__(self, data: Any = None, queryset: Any = None) -> None:
        super().__init__(data, queryset, prefix="f")


@pytest.mark.parametrize("make", [Multiple, ByDjangoFilter])
def test_any_kind_of_field_serves(make: Any):
    class Own(Dashboard):
        it = Text(value=str)

        class Meta:
            app_label = "site"
            filter_form = make

    prefix = "f-" if make is ByDjangoFilter else ""

    def filters_of(**query: Any) -> Any:
        query = {prefix + name: value for name, value in query.items()}
        return Own(RequestFactory().get("/", query))

    bare = filters_of()
    assert bare.filters["names"] == ["a"]
    assert bare.filters["ticked"] is True
    assert bare.filters["when"] is None
    assert bare.filters["needed"] is None
    assert not bare.filter_form.errors, "nobody has asked for anything yet"
    assert not bare.is_filtered
    asked = filters_of(when_0="2024-02-29", when_1="12:30", names=["a", "b"], needed="x")
    assert asked.filters["when"].date() == date(2024, 2, 29)
    assert asked.filters["names"] == ["a", "b"]
    assert asked.is_filtered
    assert 'value="2024-02-29"' in asked.render_filters()
    wrong = filters_of(when_0="nonsense", names="c", groups="z", needed="\0")
    assert dict(wrong.filters) == dict(bare.filters) | {"groups": wrong.filters["groups"]}
    assert not wrong.is_filtered
    assert HOSTILE not in filters_of(needed=HOSTILE).render_filters()


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
    """One that begins with a choice."""

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
    """A component got what a FilterSet had cleaned and not the FilterSet: whoever wanted its rows
    made it anew from the query, without its initial values. It filters by what ``filters`` says."""
    for title, genre in (("A", "n"), ("B", "n"), ("C", "p")):
        Book.objects.create(title=title, genre=genre)
    shelves = Shelves(RequestFactory().get("/", query))

    assert [shelves[key].get_value() for key in ("found", "all")] == [found, all_]
    assert shelves["found"].is_refreshed is bool(query), "a narrowed page loads its own"


def test_filterset_of_a_live_value_reads_its_rows_each_time():
    """A FilterSet keeps the rows that it has read, and what is computed for everybody is so for as
    long as somebody watches. Each value gets one that has read nothing."""
    [source] = Shelves().get_computed_values()
    shown = []
    for title in ("A", "B"):
        Book.objects.create(title=title, genre="n")
        shown.append(str(source.render()))

    assert [re.findall(r"\b[AB]+\b", each) for each in shown] == [["A"], ["AB"]]


def test_component_without_a_filterset_gets_none():
    class Plain(Dashboard):
        it = Text(value=lambda filterset: f"<{filterset}>")

        class Meta:
            app_label = "site"

    class Narrowed(Plain):
        class Meta:
            app_label = "site"
            filter_form = Period

    for each in (Plain, Narrowed):
        assert each(RequestFactory().get("/"))["it"].get_value() == "<None>"


def test_filter_form_as_an_instance_is_refused():
    with pytest.raises(DeclarationError, match=r"Meta.filter_form must be a form class, got <"):

        class Wrong(Dashboard):
            class Meta:
                filter_form = Period()
