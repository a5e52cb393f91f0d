"""All kinds of components: without a value, with bad and hostile values, and standing alone."""

from collections import Counter
from collections.abc import Callable

import pytest
from django.template.loader import render_to_string

from dashboards.component import (
    CTA,
    Chart,
    Component,
    Form,
    Gauge,
    GaugeData,
    Map,
    Progress,
    Stat,
    Text,
)
from dashboards.exceptions import ComponentValueError
from tests.unit.component.support import (
    FIGURE,
    HOSTILE,
    KINDS,
    Bars,
    box,
    dashboard_of,
    name_of,
    render,
    skip_without_packages,
)


@pytest.mark.parametrize("kind", KINDS)
def test_component_without_a_value_shows_a_placeholder(kind: Callable[..., Component]):
    html = render(kind(value=None))

    assert "None" not in html.text
    # A form without initial data is an empty form.
    assert html.text.strip() in {"\N{EN DASH}", "No data", ""} or "form" in html.tags
    assert not any(html.values("value"))


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (
            Stat(value={"txt": 1}),
            (
                "A Stat's value may have text, sub_text, change, sparkline, icon, href, prefix, "
                "unit, good, decimals, date_format, compact; got {'txt': 1}."
            ),
        ),
        (
            Stat(value={1: 2}),
            (
                "A Stat's value may have text, sub_text, change, sparkline, icon, href, prefix, "
                "unit, good, decimals, date_format, compact; got {1: 2}."
            ),
        ),
        (Gauge(value="much"), "A Gauge's value must be a finite number, got 'much'."),
        (Gauge(value=[1]), "A Gauge's value must be a finite number, got [1]."),
        (Gauge(value={"value": None}), "A Gauge's value must be a finite number, got None."),
        (Gauge(value=float("nan")), "A Gauge's value must be a finite number, got nan."),
        (Gauge(value="Infinity"), "A Gauge's value must be a finite number, got 'Infinity'."),
        (Gauge(value=10**400), f"A Gauge's value must be a finite number, got {10**400}."),
        (Gauge(value=GaugeData(1, min="x")), "A Gauge's min must be a finite number, got 'x'."),  # type: ignore[arg-type]
        (Gauge(value={"max": []}), "A Gauge's max must be a finite number, got []."),
        (
            Gauge(value={"min": 5, "max": 5}),
            "A Gauge's max must be above its min, got 5 to 5.",
        ),
        (
            Gauge(value={"min": 5, "max": -5}),
            "A Gauge's max must be above its min, got 5 to -5.",
        ),
        (
            Gauge(value={"low": 5}),
            (
                "A Gauge's value may have value, min, max, text, sub_text, bands, unit, decimals; "
                "got {'low': 5}."
            ),
        ),
        (Progress(value="half"), "A Progress's value must be a finite number, got 'half'."),
        (
            Progress(value=-(10**400)),
            f"A Progress's value must be a finite number, got -{10**400}.",
        ),
        (Progress(value={"max": 0}), "A Progress's max must be above 0, got 0."),
        (Progress(value={"max": -3}), "A Progress's max must be above 0, got -3."),
        (
            Progress(value={"max": float("inf")}),
            "A Progress's max must be a finite number, got inf.",
        ),
        (
            Progress(value={"percent": 3}),
            (
                "A Progress's value may have value, max, text, state, steps, step, started, "
                "finished, estimate; got {'percent': 3}."
            ),
        ),
        (
            Chart(value="a chart"),
            (
                "A Chart's value must be a Plotly figure, its JSON text or a dict, got 'a chart', "
                "which is not JSON: Expecting value: line 1 column 1 (char 0)."
            ),
        ),
        (
            Chart(value=""),
            (
                "A Chart's value must be a Plotly figure, its JSON text or a dict, got '', "
                "which is not JSON: Expecting value: line 1 column 1 (char 0)."
            ),
        ),
        (
            Chart(value='{"data": [{"y": [NaN]}]}'),
            (
                "A Chart's value must be a Plotly figure, its JSON text or a dict, "
                """got '{"data": [{"y": [NaN]}]}', """
                "which is not JSON: NaN is not a number that JSON knows."
            ),
        ),
        (
            Chart(value="[1, 2]"),
            (
                "A Chart's value must be a Plotly figure, its JSON text or a dict "
                "with data and layout, got '[1, 2]'."
            ),
        ),
        (
            Chart(value=[1, 2]),
            "A Chart's value must be a Plotly figure, its JSON text or a dict, got [1, 2].",
        ),
        (
            Chart(value={"data": {1, 2}}),
            (
                "A Chart's value must be a Plotly figure, its JSON text or a dict, "
                "got {'data': {1, 2}}, which cannot be written as JSON: "
                "Object of type set is not JSON serializable."
            ),
        ),
    ],
    ids=name_of,
)
def test_invalid_value_error_names_component_value_and_rule(component: Component, message: str):
    skip_without_packages(component)
    with pytest.raises(ComponentValueError) as raised:
        dashboard_of(speed=component)["speed"].get_value()

    assert str(raised.value) == f"Own.speed: {message}"


def test_invalid_pushed_value_has_the_same_error():
    dashboard = dashboard_of(speed=Gauge(live=True))

    with pytest.raises(ComponentValueError) as raised:
        dashboard.prepare_pushed("speed", "much", 0)

    assert str(raised.value) == "Own.speed: A Gauge's value must be a finite number, got 'much'."


@pytest.mark.parametrize(
    "component",
    [
        Text(value=HOSTILE),
        Stat(value=HOSTILE),
        Stat(value={"text": "x", "sub_text": HOSTILE}),
        Gauge(value={"text": HOSTILE}),
        Gauge(value={"sub_text": HOSTILE}),
        Progress(value={"text": HOSTILE}),
    ],
    ids=name_of,
)
def test_hostile_value_is_escaped(component: Component):
    html = render(component)

    assert HOSTILE in html.text
    assert "script" not in html.tags
    assert html.holds_nothing_hostile()


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_declaration_is_escaped(kind: Callable[..., Component]):
    dashboard = dashboard_of(
        it=kind(
            value=None,
            title=HOSTILE,
            icon=HOSTILE,
            css_classes=HOSTILE,
            grid_css_classes=HOSTILE,
            cta=CTA(HOSTILE, HOSTILE),
            trigger_on=HOSTILE,
            defer_url=HOSTILE,
        )
    )

    html = box(dashboard, "it")

    assert html.holds_nothing_hostile()
    assert "script" not in html.tags
    assert html.text.count(HOSTILE) == 2
    assert html.values("href") == [HOSTILE]
    # A form has its own trigger beside that of its box.
    own = ["change, submit"] if "form" in html.tags else []
    assert html.values("hx-get") == [HOSTILE] * (1 + len(own))
    assert Counter(html.values("hx-trigger")) == Counter([f"intersect once, {HOSTILE}", *own])


@pytest.mark.parametrize(
    "component",
    [
        Text(value="words"),
        Stat(value=1),
        Chart(value=FIGURE),
        Gauge(value=40),
        Progress(value=40),
    ],
    ids=name_of,
)
def test_component_outside_a_dashboard_is_rendered(component: Component):
    skip_without_packages(component)
    html = render_to_string(
        component.template, {"component": component, "rendered_value": component.get_value()}
    )

    assert html.strip()
    assert "None" not in html


def test_component_outside_a_dashboard_passes_its_arguments_on():
    assert (
        Text(value=lambda request: f"for {request}").get_value(request="R", object="O") == "for R"
    )


def test_component_without_a_key_has_no_template_id():
    assert Stat().template_id is None


def test_only_drawings_and_forms_load_scripts():
    kinds = [type(kind()) for kind in KINDS]
    parts = (
        *("bundles", "config", "points", "theme", "measures", "labels", "countries"),
        *("times", "gaps", "fills", "visible", "webgl"),
        *("range", "picker", "sharing", "crosshair", "chart"),
    )
    chart = ["dashboards/js/drawing.js", *(f"dashboards/js/chart/{name}.js" for name in parts)]
    assert {kind: list(kind.scripts) for kind in kinds if kind.scripts} == {
        Chart: chart,
        Map: chart,
        Bars: ["dashboards/js/drawing.js"],
        Form: ["dashboards/js/forms.js"],
    }
