"""System checks of components: the packages that they need, and the links that they name."""

import importlib.util
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error, run_checks
from pytest_django import Settings

from dashboards.checks import components
from dashboards.component import (
    CTA,
    BasicTable,
    Chart,
    Map,
    Stat,
    Table,
    Text,
)
from dashboards.dashboard import Dashboard
from dashboards.registry import Registry
from tests.site.dashboards import GroupBoard
from tests.unit.checks.support import found


@pytest.fixture
def _no_plotly(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> Any:
        return None if name == "plotly" else importlib.util.find_spec(name)

    monkeypatch.setattr("dashboards.checks.components.find_spec", find_spec)


class Charted(Dashboard):
    first = Chart()
    second = Chart(live=True)
    third = Stat()

    class Meta:
        app_label = "site"


@pytest.mark.usefixtures("_no_plotly")
def test_e008_chart_without_plotly(monkeypatch: pytest.MonkeyPatch):
    registry = Registry()
    registry.register(Charted)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)

    assert [message for message in found() if message.id == "dashboards.E008"] == [
        Error(
            f"Charted.{key} is a Chart, but plotly is not installed.",
            hint='pip install "django-live-dashboards[plotly]"',
            id="dashboards.E008",
        )
        for key in ("first", "second")
    ]


@pytest.mark.usefixtures("_no_plotly")
def test_e008_absent_without_charts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.checks.components.registry", Registry())

    assert found() == []


class Tabled(Dashboard):
    first = Table()
    second = BasicTable(live=True)
    third = Stat()

    class Meta:
        app_label = "site"


def test_e012_table_without_django_tables2(monkeypatch: pytest.MonkeyPatch):
    registry = Registry()
    registry.register(Tabled)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)
    assert [message for message in found() if message.id == "dashboards.E012"] == []

    def find_spec(name: str) -> Any:
        return None if name == "django_tables2" else importlib.util.find_spec(name)

    monkeypatch.setattr("dashboards.checks.components.find_spec", find_spec)

    assert [message for message in found() if message.id == "dashboards.E012"] == [
        Error(
            f"Tabled.{key} is a {kind}, but django-tables2 is not installed.",
            hint='pip install "django-live-dashboards[tables]"',
            id="dashboards.E012",
        )
        for key, kind in (("first", "Table"), ("second", "BasicTable"))
    ]


def test_w014_map_without_shapes_of_countries(monkeypatch: pytest.MonkeyPatch):
    class Mapped(Dashboard):
        first = Map()
        second = Chart()

        class Meta:
            app_label = "site"

    registry = Registry()
    registry.register(Mapped)
    monkeypatch.setattr("dashboards.checks.components.registry", registry)
    assert [message for message in found() if message.id == "dashboards.W014"] == []
    monkeypatch.setattr("dashboards.world.find_geojson", lambda: None)
    # Made once a process, and kept: with this it would be none from here on.
    monkeypatch.setattr("dashboards.world.build_directory", lambda: None)

    [message] = [message for message in found() if message.id == "dashboards.W014"]
    assert message.msg == (
        "Mapped.first is a Map, but there are no shapes of countries: it shows only what its "
        "figures bring."
    )
    assert message.hint is not None
    assert message.hint.startswith('pip install "django-live-dashboards[maps]", or put a TopoJSON')
    assert message.hint.endswith("as dashboards/geo/world.json.")


def test_e013_markdown_without_its_library(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(
        "dashboards.checks.components.find_spec", lambda name: name != "markdown_it" or None
    )
    [error] = [each for each in run_checks(tags=["dashboards"]) if each.id == "dashboards.E013"]
    assert error.msg == (
        "Figures.prose is a Text with markup='markdown', but markdown_it is not installed."
    )
    assert error.hint == 'pip install "django-live-dashboards[text]"'


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
def test_e016_call_to_action_without_a_target(
    monkeypatch: pytest.MonkeyPatch, cta: CTA, reason: str
):
    class Own(Dashboard):
        it = Text(value="x", cta=cta)

        class Meta:
            app_label = "site"

    own = Registry()
    own.register(Own)
    monkeypatch.setattr("dashboards.checks.components.registry", own)

    found = [each for each in run_checks(tags=["dashboards"]) if each.id == "dashboards.E016"]

    assert [reason in each.msg for each in found] == ([True] if reason else [])


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"Sta": "x"}, "['Sta']: there is no kind of component of that name.", "Allowed are "),
        (
            {"Stat": {"titel": "x"}},
            "['Stat'] must be a text or a dict by part, and has 'titel'.",
            "The parts of a Stat are box, title, icon, content, state, cta.",
        ),
        (
            {"Form": 7},
            "['Form'] must be a text or a dict by part, and has 7.",
            "The parts of a Form are box, title, icon, content, state, cta, form, button, btn.",
        ),
    ],
)
def test_e083_css_classes_of_an_unknown_kind_or_part(
    settings: Settings, given: object, message: str, hint: str
):
    settings.DASHBOARDS = {"COMPONENT_CSS_CLASSES": given}

    messages: list[CheckMessage] = list(components.check_css_classes())

    assert [(each.id, each.msg) for each in messages] == [
        ("dashboards.E083", f"DASHBOARDS['COMPONENT_CSS_CLASSES']{message}")
    ]
    assert (messages[0].hint or "").startswith(hint)


def test_css_classes_of_known_kinds_and_parts_give_no_message(settings: Settings):
    settings.DASHBOARDS = {
        "COMPONENT_CSS_CLASSES": {"Stat": "x", "Component": {"title": "y"}, "Form": {"button": "z"}}
    }

    assert components.check_css_classes() == []
