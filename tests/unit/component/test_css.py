"""CSS classes by part, with their defaults from the settings."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from dashboards.component import Form, Stat
from dashboards.component.layout import HTML, Card, ComponentLayout, Tab, TabContainer
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.forms import DashboardForm
from tests.site.dashboards import HOSTILE
from tests.unit.dashboard.support import declare

pytestmark = pytest.mark.django_db


@dataclass
class Mine(Stat):
    """A kind of component of a project."""


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


def test_css_settings_are_defaults_read_per_request(settings: Settings):
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
    assert 'dashboards-kind-mine dashboards-kind-stat own span-6"' in looks.render_box("mine"), (
        "declared goes before"
    )
    assert 'class="dashboards-component-title big"' in looks.render_box("mine"), "part by part"
    html = looks.render_box("parts")
    assert 'dashboards-kind-stat s span-2"' in html
    assert 'class="dashboards-component-title t"' in html
    assert 'class="dashboards-component-content c"' in html


def test_css_settings_are_defaults_of_layouts(settings: Settings):
    settings.DASHBOARDS = {
        "GRID_CSS_CLASSES": "span-6",
        "LAYOUT_CSS_CLASSES": {"Card": {"card": "sheet", "header": "dark"}, "Tab": {"link": "l"}},
    }

    html = LaidOut(RequestFactory().get("/")).render_components()

    assert html.count('class="dashboards-card span-6 sheet"') == 2
    assert 'class="dashboards-card-header h"' in html
    assert 'class="dashboards-tab l"' in html
    assert 'dashboards-kind-stat  "' in html, "what is in a card takes its width"
    assert 'dashboards-kind-mine dashboards-kind-stat own span-6"' in html, (
        "what is in a tab stands in a grid"
    )


def test_css_classes_in_the_query_change_nothing(client: Client):
    pytest.importorskip("plotly")
    page = client.get("/site/hostile/", {"css_classes": HOSTILE, "grid_css_classes": HOSTILE})

    assert page.status_code == 200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"titel": "big"},
            "css_classes has no part 'titel'; a Stat has box, title, icon, content, state, cta.",
        ),
        (["big"], "css_classes must be a text or a dict by part, got ['big']."),
    ],
)
def test_css_classes_of_an_unknown_part_are_refused(given: Any, message: str):
    # A misspelt part was ignored without an error.
    with pytest.raises(DeclarationError) as raised:
        declare(Stat(css_classes=given))

    assert str(raised.value) == f"Sales.total: {message}"


def test_css_classes_of_parts_of_a_form_are_accepted():
    assert declare(Form(form=DashboardForm, css_classes={"button": "b", "form": "f", "box": "x"}))


def test_css_classes_of_an_added_component_are_checked():
    dashboard = declare(Stat())()

    with pytest.raises(DeclarationError, match="has no part 'titel'"):
        dashboard.components["more"] = Stat(css_classes={"titel": "big"})
