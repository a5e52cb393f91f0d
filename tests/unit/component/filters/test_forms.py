"""Filters of a page: in the query, in every component, and invalid ones ignored."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory

from dashboards.component import Stat, Table, Text
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import Every
from tests.site.dashboards import HOSTILE, Filtered, Period

pytestmark = pytest.mark.django_db


USUAL = "2024 None []"


def read_filters(html: str) -> list[str]:
    """Return the filters that each component in a response shows."""
    return re.findall(r"\d+ \S+ \[[^\]]*\]", unescape(html))


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
    page = client.get(f"/site/filtered/?{query}").content.decode()
    late = client.get(f"/site/filtered/@component/late/?{query}").content.decode()

    assert read_filters(page) == [values] * 4
    assert read_filters(late) == [values]


@pytest.mark.parametrize("key", ["now", "polled", "computed", "called"])
def test_component_loaded_alone_has_the_filters_of_the_page(client: Client, key: str):
    url = f"/site/filtered/@component/{key}/"
    queries = {"year=1999&word=ab": "2024 None [ab]", "word=%00": USUAL, "group=letters": USUAL}

    for query, values in queries.items():
        assert read_filters(client.get(f"{url}?{query}").content.decode()) == [values]


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
    assert ">Reset<" not in page


class Paged(Dashboard):
    rows = Table(value=[{"number": number} for number in range(99)])
    now = Stat(value=1)

    class Meta:
        app_label = "site"
        filter_form = Period


def test_filter_form_leaves_out_the_pages_of_tables():
    """Regression: the form repeated ``rows-page``, so that other filters showed the same page."""
    request = RequestFactory().get("/?rows-page=3&rows-size=10&now-page=2")

    html = Paged(request).render_filters()

    assert "rows-page" not in html
    assert '<input type="hidden" name="rows-size" value="10">' in html
    assert '<input type="hidden" name="now-page" value="2">' in html, "a Stat has no pages"


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
        aware = Stat(value=lambda filters: 2 * len(filters), live=Every(seconds=60))
        asked = Stat(value=lambda **kwargs: len(kwargs), live=Every(seconds=60))
        own = Stat(live=Every(seconds=60))

        def get_own_value(self) -> int:
            return len(self.filters)

        class Meta:
            app_label = "site"

    page = Tagged(RequestFactory().get("/?utm_source=x"))

    assert [each.key for each in page if each.is_refreshed] == [
        "aware",
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


@pytest.fixture(params=["form", "filterset"])
def filtered(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Return a function that makes a dashboard for a request with these filters."""
    form_class, prefix = (Multiple, "") if request.param == "form" else (make_filterset(), "f-")

    class Own(Dashboard):
        it = Text(value=str)

        class Meta:
            app_label = "site"
            filter_form = form_class

    def make(**query: Any) -> Dashboard:
        return Own(RequestFactory().get("/", {prefix + key: each for key, each in query.items()}))

    return make


def make_filterset() -> Any:
    """Return a FilterSet with the fields of ``Multiple`` and a prefix."""
    django_filters = pytest.importorskip("django_filters")

    class ByDjangoFilter(django_filters.FilterSet):  # type: ignore[misc, name-defined]
        class Meta:
            model = Group
            fields: tuple[str, ...] = ()
            form = Multiple

        def __init__(self, data: Any = None, queryset: Any = None) -> None:
            super().__init__(data, queryset, prefix="f")

    return ByDjangoFilter


def test_filters_without_a_query_are_the_initial_ones(filtered: Callable[..., Any]):
    filters = filtered().filters

    assert filters["names"] == ["a"]
    assert filters["ticked"] is True
    assert filters["when"] is None
    assert filters["needed"] is None


def test_page_without_a_query_is_unfiltered_and_has_no_errors(filtered: Callable[..., Any]):
    dashboard = filtered()

    assert not dashboard.filter_form.errors
    assert not dashboard.is_filtered


def test_fields_of_several_widgets_and_values_are_cleaned(filtered: Callable[..., Any]):
    dashboard = filtered(when_0="2024-02-29", when_1="12:30", names=["a", "b"], needed="x")

    assert dashboard.filters["when"].date() == date(2024, 2, 29)
    assert dashboard.filters["names"] == ["a", "b"]
    assert dashboard.is_filtered
    assert 'value="2024-02-29"' in dashboard.render_filters()


def test_invalid_fields_have_their_initial_values(filtered: Callable[..., Any]):
    dashboard = filtered(when_0="nonsense", names="c", groups="z", needed="\0")

    initial = dict(filtered().filters)
    assert dict(dashboard.filters) == initial | {"groups": dashboard.filters["groups"]}
    assert not dashboard.is_filtered


def test_hostile_filter_is_escaped(filtered: Callable[..., Any]):
    assert HOSTILE not in filtered(needed=HOSTILE).render_filters()


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
