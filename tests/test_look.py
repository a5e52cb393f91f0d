"""CSS classes and their defaults from the settings, and where calls to action lead."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.test import Client, RequestFactory
from django.urls import reverse_lazy
from pytest_django import Settings

from dashboards.component import CTA, Stat, Text
from dashboards.component.layout import HTML, Card, ComponentLayout, Tab, TabContainer
from dashboards.dashboard import Dashboard
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
    assert "dashboard-kind-stat  " in looks.render_box("plain")

    settings.DASHBOARDS = {
        "GRID_CSS_CLASSES": "span-6",
        "COMPONENT_CSS_CLASSES": {"Stat": {"box": "s", "title": "big"}, "Mine": "m"},
    }

    assert 'dashboard-kind-stat s span-6"' in looks.render_box("plain")
    assert 'class="dashboard-component-title big"' in looks.render_box("plain")
    assert 'dashboard-kind-mine own span-6"' in looks.render_box("mine"), "declared goes before"
    assert 'class="dashboard-component-title big"' in looks.render_box("mine"), "part by part"
    html = looks.render_box("parts")
    assert 'dashboard-kind-stat s span-2"' in html
    assert 'class="dashboard-component-title t"' in html
    assert 'class="dashboard-component-content c"' in html


def test_layouts_have_defaults_too(settings: Settings):
    settings.DASHBOARDS = {
        "GRID_CSS_CLASSES": "span-6",
        "LAYOUT_CSS_CLASSES": {"Card": {"card": "sheet", "header": "dark"}, "Tab": {"link": "l"}},
    }

    html = LaidOut(RequestFactory().get("/")).render_components()

    assert html.count('class="dashboard-card span-6 sheet"') == 2
    assert 'class="dashboard-card-header h"' in html
    assert 'class="dashboard-tab l"' in html
    assert 'dashboard-kind-stat  "' in html, "what is in a card takes its width"
    assert 'dashboard-kind-mine own span-6"' in html, "what is in a tab stands in a grid"


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
        ("dashboards:nothing", "dashboards:nothing"),
        (reverse_lazy("dashboards:site_live"), "/site/live/"),
        (Quiet, "/site/quiet/"),
        (Live(), "/site/live/"),
        (GroupBoard(object=Group(pk=7)), "/site/groupboard/7/"),
        ("", ""),
        (HOSTILE, HOSTILE),
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


def test_no_query_changes_a_look(client: Client):
    page = client.get("/site/hostile/", {"css_classes": HOSTILE, "grid_css_classes": HOSTILE})

    assert page.status_code == 200
