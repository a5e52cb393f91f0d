"""CSS classes and their defaults from the settings, and where calls to action lead."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse_lazy
from pytest_django import Settings

from dashboards.component import CTA, Stat, Text
from dashboards.component.layout import HTML, Card, ComponentLayout, Tab, TabContainer
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.registry import Registry
from tests.site.dashboards import HOSTILE, GroupBoard, Live, Quiet

pytestmark = pytest.mark.django_db


@dataclass
class Mine(Stat):
    """Of a user's own."""


class Looks(Dashboard):
    plain = Stat(value=1)
    mine = Mine(value=1, css_classes="own")
    parts = Stat(value=1, css_classes={"title": "t", "content": "c"}, grid_css_classes="span-2")

    class Meta:
        app_label = "site"


class LaidOut(Looks):
    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Card("plain", HTML("x")),
            TabContainer(Tab("a", "mine")),
            Card("parts", css_classes={"header": "h"}, heading="x"),
        )

    class Meta:
        app_label = "site"


def test_the_settings_give_defaults_and_are_read_at_use(settings: Settings):
    looks = Looks(RequestFactory().get("/"))
    assert "dashboards-kind-stat  " in looks.render_box("plain")

    settings.DASHBOARDS = {
        "GRID_CSS_CLASSES": "span-6",
        "COMPONENT_CSS_CLASSES": {"Stat": {"box": "s", "title": "big"}, "Mine": "m"},
    }

    assert "dashboards-kind-stat  " in looks.render_box("plain"), "one request sees one state"
    looks = Looks(RequestFactory().get("/"))
    assert 'dashboards-kind-stat s span-6"' in looks.render_box("plain")
    assert 'class="dashboards-component-title big"' in looks.render_box("plain")
    assert 'dashboards-kind-mine own span-6"' in looks.render_box("mine"), "declared goes before"
    assert 'class="dashboards-component-title big"' in looks.render_box("mine"), "part by part"
    html = looks.render_box("parts")
    assert 'dashboards-kind-stat s span-2"' in html
    assert 'class="dashboards-component-title t"' in html
    assert 'class="dashboards-component-content c"' in html


def test_layouts_have_defaults_too(settings: Settings):
    settings.DASHBOARDS = {
        "GRID_CSS_CLASSES": "span-6",
        "LAYOUT_CSS_CLASSES": {"Card": {"card": "sheet", "header": "dark"}, "Tab": {"link": "l"}},
    }

    html = LaidOut(RequestFactory().get("/")).render_components()

    assert html.count('class="dashboards-card span-6 sheet"') == 2
    assert 'class="dashboards-card-header h"' in html
    assert 'class="dashboards-tab l"' in html
    assert 'dashboards-kind-stat  "' in html, "what is in a card takes its width"
    assert 'dashboards-kind-mine own span-6"' in html, "what is in a tab stands in a grid"


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("GRID_CSS_CLASSES", ["span-6"], "str"),
        ("COMPONENT_CSS_CLASSES", "wide", "dict"),
        ("LAYOUT_CSS_CLASSES", None, "dict"),
    ],
)
def test_a_wrong_setting_is_told(settings: Settings, name: str, value: Any, kind: str):
    settings.DASHBOARDS = {name: value}

    [message] = run_checks(tags=["dashboards"])

    assert message.id == "dashboards.E002"
    assert message.msg == f"DASHBOARDS[{name!r}] must be a {kind}, got {value!r}."


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
def test_a_call_to_action_leads_to(href: Any, address: str):
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(href, "Go"))

    cta = Own()["it"].cta
    assert cta == CTA(address, "Go")
    assert HOSTILE not in Own(RequestFactory().get("/")).components["it"].label


def test_a_call_to_a_class_about_an_object_is_about_the_same():
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(GroupBoard))

    cta = Own(object=Group(pk=9))["it"].cta
    assert cta is not None
    assert cta.href == "/site/groupboard/9/"
    assert Own.declared["it"].cta == CTA(GroupBoard)


class Asking(Dashboard):
    """Its __init__ is of no use without a request."""

    def __init__(self, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(request=request, **kwargs)
        self.components["path"] = Text(value=request.path)

    class Meta:
        app_label = "site"

    def get_absolute_url(self) -> str:
        return "/asking/"


def test_a_call_to_a_class_makes_no_instance_of_it():
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(Asking))

        class Meta:
            app_label = "site"

    assert 'href="/asking/"' in Own(RequestFactory().get("/"))["it"].render_box()


def test_a_call_names_a_dashboard_by_its_path():
    class Own(Dashboard):
        it = Text(value="x", cta=CTA(dashboard="tests.site.dashboards.GroupBoard", text="Go"))
        of = Text(value="x", cta=CTA(lambda group: f"/groups/{group.name}/"))

    own = Own(object=Group(pk=9, name="ops"))

    assert own["it"].cta == CTA("/site/groupboard/9/", "Go")
    assert own["of"].cta == CTA("/groups/ops/")


@pytest.mark.parametrize("given", [{}, {"href": "/", "dashboard": "tests.site.dashboards.Live"}])
def test_a_call_that_leads_to_nothing_or_two_places_is_refused(given: dict[str, str]):
    with pytest.raises(DeclarationError, match="A CTA leads to either href or dashboard, got CTA"):
        CTA(**given)


@pytest.mark.parametrize(
    ("cta", "reason"),
    [
        (CTA("dashboards:nothing"), "there is no view dashboards:nothing"),
        (CTA("dashboards:site_groupboard_detail"), "there is no view dashboards:site_groupboard_"),
        (CTA(dashboard="tests.site.dashboards.Nothing"), 'does not define a "Nothing" attribute'),
        (CTA(dashboard="nowhere.Nothing"), "No module named 'nowhere'"),
        (CTA(dashboard="tests.site.dashboards.HOSTILE"), "HOSTILE is no dashboard"),
        (CTA(GroupBoard), "GroupBoard is about a Group, this one about no object"),
        (CTA("dashboards:site_live"), ""),
        (CTA("shop:later"), ""),
        (CTA(dashboard="tests.site.dashboards.Live"), ""),
    ],
)
def test_e016_a_call_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch, cta: CTA, reason: str):
    class Own(Dashboard):
        it = Text(value="x", cta=cta)

        class Meta:
            app_label = "site"

    own = Registry()
    own.register(Own)
    monkeypatch.setattr("dashboards.checks.components.registry", own)

    found = [each for each in run_checks(tags=["dashboards"]) if each.id == "dashboards.E016"]

    assert [reason in each.msg for each in found] == ([True] if reason else [])


def test_no_query_changes_a_look(client: Client):
    page = client.get("/site/hostile/", {"css_classes": HOSTILE, "grid_css_classes": HOSTILE})

    assert page.status_code == 200
