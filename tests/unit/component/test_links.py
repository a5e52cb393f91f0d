"""Addresses that come from data, and what a hidden component leaves behind."""

from typing import Any

import django_tables2
import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from dashboards.component import CTA, Stat, Table, Text
from dashboards.component.layout import HTML, Card, ComponentLayout, Div, Header, Tab, TabContainer
from dashboards.component.links import resolve_link, resolve_url
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from dashboards.menus.menu import MenuItem, bind
from dashboards.permissions import IsAuthenticated
from tests.unit.component.test_tables import bind as bind_table

EVIL = [
    "javascript:alert(1)",
    " java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "JaVa\tScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "blob:x",
    "file:///etc/passwd",
    "view-source:javascript:x",
]


class Thing:
    """A row whose address a user has typed."""

    def __init__(self, url: str) -> None:
        self.name, self.url = "thing", url

    def get_absolute_url(self) -> str:
        return self.url


@pytest.mark.parametrize("address", EVIL)
def test_resolve_url_address_with_another_scheme_is_refused_by_name(address: str):
    with pytest.raises(ComponentValueError, match=r"begins with http:, https:, mailto:, tel:; got"):
        resolve_url(address)
    assert resolve_link(Thing(address)) is None


@pytest.mark.parametrize(
    "address",
    [
        *("", "/a:b/", "a/b:c", "?q=a:b", "#a:b", "./javascript:x", "//host/path", "HTTPS://x/"),
        *("http://x", "mailto:a@b.c", "tel:112"),
    ],
)
def test_resolve_url_address_of_a_page_is_kept(address: str):
    assert resolve_url(address) == address


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


def test_links_beside_content_that_are_refused_are_left_out():
    class Page(Dashboard):
        class Meta:
            app_label = "site"

        it = Text(value="x", cta=CTA(Thing("javascript:x"), "Go"))
        figure = Stat(value=1, cta=CTA("/there/", "There"))

        class Layout:
            components = ComponentLayout(
                Card("it", heading="A", actions=[("javascript:x", "Bad"), ("/good/", "Good")]),
                "figure",
            )

    request = RequestFactory().get("/")

    html = Page(request).render_components()

    assert "javascript" not in html
    assert "Bad" not in html
    assert 'href="/good/"' in html
    assert 'href="/there/"' in html
    items = [MenuItem(title="Bad", url="javascript:x"), MenuItem(title="Good", url="/good/")]
    assert [each.title for each in bind(items, request)] == ["Good"]


class Halves(Dashboard):
    """A dashboard of which not everybody may see each half."""

    open = Text(value="for all")
    tabbed = Text(value="for all")
    few_1 = Text(value="x", permission_classes=[IsAuthenticated])
    few_2 = Text(value="x", permission_classes=[IsAuthenticated])
    few_3 = Text(value="x", permission_classes=[IsAuthenticated])
    few_4 = Text(value="x", permission_classes=[IsAuthenticated])
    few_5 = Text(value="x", permission_classes=[IsAuthenticated])
    few_6 = Text(value="x", permission_classes=[IsAuthenticated])

    class Meta:
        app_label = "site"

    class Layout:
        components = ComponentLayout(
            Header("Open heading"),
            "open",
            Header("Section of few"),
            Div("few_1"),
            Header("Below few", size=3),
            "few_2",
            Card(Header("Inner of few"), HTML("<b>few</b>"), "few_3", heading="Card of few"),
            Header("Open section"),
            TabContainer(Tab("Open tab", "tabbed"), Tab("Tab of few", "few_4")),
            TabContainer(Tab("Also of few", "few_5"), Tab("More of few", Div("few_6"))),
            Header("Last heading"),
        )


class Somebody:
    is_authenticated = True
    is_active = True
    pk = 1


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_layout_hidden_components_leave_no_heading_tab_or_anchor(is_signed_in: bool):
    """A component was hidden, and its card's heading and its tab still said that it is there.

    What stands around hidden components only is left out, and so is a heading above such.
    """
    request: Any = RequestFactory().get("/")
    request.user = Somebody() if is_signed_in else AnonymousUser()

    html = Halves(request).render_components()

    assert ("few" in html) is is_signed_in
    assert html.count("<dashboard-tabs") == (2 if is_signed_in else 1)
    for name in ("Open heading", "Open section", "Open tab", "Last heading"):
        assert name in html
