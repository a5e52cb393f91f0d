"""Links: addresses of declarations and values, and where calls to action lead."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import reverse_lazy

from dashboards.component import CTA, Stat, Text
from dashboards.component.layout import Card, ComponentLayout
from dashboards.component.links import resolve_link, resolve_url
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.menus.menu import MenuItem, bind
from tests.site.dashboards import HOSTILE, GroupBoard, Live, Quiet
from tests.unit.component.support import EVIL, Thing

pytestmark = pytest.mark.django_db


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


def test_refused_links_beside_content_are_left_out():
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


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("/more/?a=1", "/more/?a=1"),
        ("https://example.com:8000/x", "https://example.com:8000/x"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ("tel:112", "tel:112"),
        ("dashboards:site_live", "/site/live/"),
        (reverse_lazy("dashboards:site_live"), "/site/live/"),
        (Quiet, "/site/quiet/"),
        (Live(), "/site/live/"),
        (GroupBoard(object=Group(pk=7)), "/site/groupboard/7/"),
        ("", ""),
        (HOSTILE, HOSTILE),
        (lambda about: f"/about/{about}/", "/about/None/"),
        (lambda about: Quiet, "/site/quiet/"),
    ],
)
def test_call_to_action_is_resolved(href: Any, address: str):
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(href, "Go"))

    cta = Own()["it"].cta
    assert cta == CTA(address, "Go")
    assert HOSTILE not in Own(RequestFactory().get("/")).components["it"].label


def test_call_to_action_of_a_model_dashboard_keeps_the_object():
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(GroupBoard))

    cta = Own(object=Group(pk=9))["it"].cta
    assert cta is not None
    assert cta.href == "/site/groupboard/9/"
    assert Own.declared["it"].cta == CTA(GroupBoard)


class Asking(Dashboard):
    """Its __init__ needs a request."""

    def __init__(self, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(request=request, **kwargs)
        self.components["path"] = Text(value=request.path)

    class Meta:
        app_label = "site"

    def get_absolute_url(self) -> str:
        return "/asking/"


def test_call_to_action_makes_no_instance():
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(Asking))

        class Meta:
            app_label = "site"

    assert 'href="/asking/"' in Own(RequestFactory().get("/"))["it"].render_box()


def test_call_to_action_names_a_dashboard_by_its_path():
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(dashboard="tests.site.dashboards.GroupBoard", text="Go"))
        of = Text(value="x", cta=CTA(lambda group: f"/groups/{group.name}/"))

    own = Own(object=Group(pk=9, name="ops"))

    assert own["it"].cta == CTA("/site/groupboard/9/", "Go")
    assert own["of"].cta == CTA("/groups/ops/")


@pytest.mark.parametrize("given", [{}, {"href": "/", "dashboard": "tests.site.dashboards.Live"}])
def test_call_to_action_with_no_or_two_targets_is_refused(given: dict[str, str]):
    with pytest.raises(DeclarationError, match="A CTA leads to either href or dashboard, got CTA"):
        CTA(**given)
