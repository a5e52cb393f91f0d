"""Layouts: valid and invalid ones, and the HTML around the components."""

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils.safestring import mark_safe

from dashboards.component import Stat, Text
from dashboards.component.layout import (
    HR,
    HTML,
    Card,
    ComponentLayout,
    Div,
    Header,
    Tab,
    TabContainer,
)
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.permissions import IsAuthenticated
from tests.site.dashboards import HOSTILE, DivWithImage
from tests.unit.component.support import Html, everything, strip

pytestmark = pytest.mark.django_db


def laid_out(*given: Any) -> Dashboard:
    """Return an instance of a dashboard of two texts with this layout."""

    class Own(Dashboard):
        one = Text(value="the first")
        two = Text(value="the second", title="Two, declared")

        class Layout(Dashboard.Layout):
            components = ComponentLayout(*given)

        class Meta:
            app_label = "site"

    return Own(RequestFactory().get("/"))


def render_layout(*given: Any) -> str:
    return re.sub(r"\s+", " ", laid_out(*given).render_components()).strip()


def test_layout_shows_its_components_in_order():
    html = render_layout("two", HR())

    assert "the second" in html
    assert "the first" not in html
    assert html.index("the second") < html.index("<hr")


def test_component_outside_the_layout_is_still_loaded():
    assert "the first" in str(laid_out("two").render_content("one"))


def test_card_has_heading_image_actions_body_and_footer():
    html = render_layout(
        Card(
            "one",
            heading="Head <b>",
            footer="Foot <b>",
            image_url="/a.png?x=1&y=2",
            actions=[("/go/?a=1&b=2", "Go <b>"), ("/away/", "Away")],
            grid_css_classes="span-6",
            css_classes={"card": "mine", "footer": "low"},
        )
    )

    assert '<section class="dashboards-card span-6 mine">' in html
    assert 'src="/a.png?x=1&amp;y=2" alt=""' in html
    assert '<h2 class="dashboards-card-heading">Head &lt;b&gt;</h2>' in html
    assert '<a href="/go/?a=1&amp;b=2">Go &lt;b&gt;</a>' in html
    assert '<footer class="dashboards-card-footer low">Foot &lt;b&gt;</footer>' in html
    assert "the first" in html


def test_headings_inside_a_card_are_one_level_deeper():
    html = render_layout(Card("one", Card("two", heading="Inner"), heading="Outer"))

    assert '<h2 class="dashboards-card-heading">Outer</h2>' in html
    assert re.search(r"<h3 [^>]*>One</h3>", html)
    assert '<h3 class="dashboards-card-heading">Inner</h3>' in html
    assert re.search(r"<h4 [^>]*>Two, declared</h4>", html), "a title that was declared stays"


def test_only_component_in_a_card_with_a_heading_has_no_heading():
    html = render_layout(Card("one", heading="A heading"))

    assert html.count("<h") == 2, "the header element and its one heading"
    assert "aria-labelledby" not in html


def test_heading_levels_end_at_six():
    nested: Any = "one"
    for _ in range(8):
        nested = Card(nested, HTML(""), heading="deep")
    assert "<h7" not in render_layout(nested)


def test_header_is_escaped_and_has_its_level():
    assert (
        render_layout(Header(heading="<i>Welcome", size=3))
        == '<h3 class="dashboards-heading span-12">&lt;i&gt;Welcome</h3>'
    )
    assert "<i>Welcome" in render_layout(Header(mark_safe("<i>Welcome</i>"), 1))


def test_html_is_put_into_the_page_unchanged():
    assert render_layout(HTML("<p>Welcome</p>")) == (
        '<div class="dashboards-html span-12"><p>Welcome</p></div>'
    )


def test_div_has_its_classes():
    html = render_layout(Div("one", css_classes="some another", grid_css_classes="span-6"))

    assert html.startswith('<div class="dashboards-grid dashboards-group span-6 some another">')


def test_tabs_are_links_to_visible_panels():
    html = render_layout(
        TabContainer(
            Tab("Same", "one"), Tab("Same", "two"), Tab("Übersicht <b>", HTML("x")), Tab("!", HR())
        )
    )

    links = re.findall(r'href="#([^"]*)"', html)
    assert links == [
        "site_own--same",
        "site_own--same-2",
        "site_own--übersicht-b",
        "site_own--tab",
    ]
    for each in links:
        assert f'id="{each}" aria-labelledby="{each}-tab"' in html
    assert ">Übersicht &lt;b&gt;</a>" in html
    assert " hidden" not in html
    assert len(set(Html(html).values("id"))) == len(Html(html).values("id"))


def test_only_tabs_load_the_script_of_tabs():
    assert laid_out(Div(TabContainer(Tab("a", "one")))).scripts == ["dashboards/js/tabs.js"]
    assert laid_out(Div("one")).scripts == []


def test_custom_layout_class_has_its_attributes_in_the_template():
    html = render_layout(DivWithImage("one", image_url="/i.png?a&b", grid_css_classes="span-3"))

    assert html.startswith('<div class="span-3"><img src="/i.png?a&amp;b" width="40">')
    assert "the first" in html


def test_rendering_leaves_the_layout_unchanged():
    dashboard = laid_out(Card("one"), TabContainer(Tab("a", "two"), Tab("a", HTML("x"))))
    layout = dashboard.Layout.components
    before = copy.deepcopy(layout)

    first = dashboard.render_components()

    assert dashboard.render_components() == first
    assert strip(everything(layout)) == strip(everything(before))


def given(anything: Any) -> Any:
    """Return an argument of a type that a type checker would refuse."""
    return anything


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Card(given(7)), "Card() takes keys of components and layout objects, got 7."),
        (
            lambda: ComponentLayout(given(Stat())),
            "ComponentLayout() takes keys of components and layout objects, got Stat(",
        ),
        (lambda: Div(Tab("a")), "A Tab must stand in a TabContainer, not in a Div."),
        (lambda: TabContainer(given("one")), "TabContainer() takes Tab objects, got 'one'."),
        (
            lambda: Div("one", colour="red"),
            (
                "Div() has no attribute colour; "
                "allowed are css_classes, grid_css_classes, template_name."
            ),
        ),
        (
            lambda: Card("one", css_classes={"head": "x"}),
            ("Card(css_classes=…) has no part head; there are card, header, image, body, footer."),
        ),
        (
            lambda: Card("one", grid_css_classes=6),
            'Card(grid_css_classes=…) must be CSS classes, such as "span-6", got 6.',
        ),
        (lambda: Header("x", size=7), "Header(size=7): size must be a number from 1 to 6."),
        (lambda: Header("x", size=0), "Header(size=0): size must be a number from 1 to 6."),
    ],
)
def test_invalid_layout_object_is_refused(make: Callable[[], Any], message: str):
    with pytest.raises(DeclarationError) as raised:
        make()

    assert str(raised.value).startswith(message)


def test_unknown_key_is_refused_at_declaration():
    with pytest.raises(DeclarationError) as raised:
        laid_out(Card("one", Div("three")))

    assert str(raised.value) == "Own.Layout names 'three'; there are one, two."


def test_component_in_two_places_is_refused():
    with pytest.raises(DeclarationError, match=r"Own.Layout names 'one' twice"):
        laid_out("one", Card("one"))


def test_layout_of_another_type_is_refused():
    with pytest.raises(DeclarationError, match=r"Wrong.Layout.components must be"):

        class Wrong(Dashboard):
            class Layout:
                components = ("one",)


def test_inherited_layout_is_checked_again():
    class Parent(Dashboard):
        one: Any = Text(value="x")

        class Layout(Dashboard.Layout):
            components = ComponentLayout("one")

    class Child(Parent):
        pass

    assert Child.Layout.components is Parent.Layout.components
    with pytest.raises(DeclarationError, match=r"Wrong.Layout names 'one'; there are none"):

        class Wrong(Parent):
            one = None


def test_page_has_its_layout(client: Client):
    pytest.importorskip("plotly")
    page = client.get("/site/arranged/").content.decode()

    assert "Welcome &lt;all&gt;</h2>" in page
    assert "<b>the results</b>" in page
    assert "in no place" not in page
    assert "tabs.js" in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("query", ["", "?tab=%00", f"?x={HOSTILE}", "?" + "a=1&" * 400])
def test_bad_query_leaves_the_layout(client: Client, query: str):
    pytest.importorskip("plotly")
    assert client.get(f"/site/arranged/{query}").status_code == 200
    assert client.get(f"/site/arranged/@component/left_out/{query}").status_code == 200
    assert client.get(f"/site/arranged/@component/nowhere/{query}").status_code == 404


class Halves(Dashboard):
    """A dashboard with components for everybody and components for users."""

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
def test_hidden_components_leave_no_heading_or_tab(is_signed_in: bool):
    """A component was hidden, but the heading of its card and its tab were still shown.

    What stands around hidden components only is left out, and so is a heading above such.
    """
    request: Any = RequestFactory().get("/")
    request.user = Somebody() if is_signed_in else AnonymousUser()

    html = Halves(request).render_components()

    assert ("few" in html) is is_signed_in
    assert html.count("<dashboard-tabs") == (2 if is_signed_in else 1)
    for name in ("Open heading", "Open section", "Open tab", "Last heading"):
        assert name in html
