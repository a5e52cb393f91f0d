"""Each kind of component: the values it takes, the values it refuses, and the HTML it makes."""

import functools
import gc
import json
import random
import time
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import plotly.graph_objects as go
import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from dashboards.component import (
    CTA,
    BasicTable,
    Chart,
    Component,
    Drawing,
    Form,
    Gauge,
    GaugeData,
    Map,
    Progress,
    ProgressData,
    Stat,
    StatData,
    Table,
    Text,
)
from dashboards.component.htmx import entity_tag
from dashboards.component.values import resolve
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from dashboards.live import Every, push
from tests.addresses import addresses

HOSTILE = """</script><script>alert(1)</script>"'><img src=x onerror=alert(1)><!-- &lt;b>&amp;"""


@dataclass
class Bars(Drawing):
    element: ClassVar[str] = "test-bars"


class Say(forms.Form):
    what = forms.CharField()


KINDS: list[Callable[..., Component]] = [
    *(Text, Stat, Chart, Map, Bars, Table, BasicTable, Gauge, Progress),
    partial(Form, form=Say, defer_url="/x/"),
]


class Html(HTMLParser):
    """What a browser finds in a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def values(self, name: str) -> list[str | None]:
        return [value for attribute, value in self.attributes if attribute == name]

    def holds_nothing_hostile(self) -> bool:
        return (
            "img" not in self.tags
            and not self.comments
            and not any(name.startswith("on") or name == "src" for name, _ in self.attributes)
        )


def name_of(given: Any) -> str | None:
    """Name a component in a test's id."""
    if isinstance(given, Component):
        return f"{type(given).__name__}({given.value!r:.60})"
    return "" if isinstance(given, str) else None


def dashboard_of(**components: Any) -> Dashboard:
    """Return an instance of a dashboard that holds these components."""

    class Meta:
        app_label = "site"

    dashboard: Dashboard = type("Own", (Dashboard,), {**components, "Meta": Meta})()
    return dashboard


def render(component: Component) -> Html:
    """Render a component's value, as page, component response and frame do."""
    bound = dashboard_of(it=component)["it"]
    return Html(bound.render(bound.get_value()))


def box(dashboard: Dashboard, key: str) -> Html:
    """Render a component's box, as the page does."""
    template = Template("{% load dashboards %}{% component_box dashboard component %}")
    return Html(template.render(Context({"dashboard": dashboard, "component": dashboard[key]})))


# Values that each kind takes.

FIGURE = {"data": [{"type": "bar", "y": [3, 1, 2]}], "layout": {"title": {"text": "Three"}}}


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ("61%", StatData("61%")),
        (61, StatData(61)),
        (0, StatData(0)),
        ("", StatData("")),
        (Decimal("1.50"), StatData(Decimal("1.50"))),
        ({"text": "61%"}, StatData("61%")),
        ({"text": "61%", "sub_text": "of all"}, StatData("61%", "of all")),
        (StatData("61%", "of all"), StatData("61%", "of all")),
        (["a", "list"], StatData(["a", "list"])),
        ({}, StatData()),
        (None, None),
    ],
    ids=repr,
)
def test_a_stat_takes(value: Any, data: StatData | None):
    assert Stat().prepare_value(value) == data


@pytest.mark.parametrize(
    ("value", "data", "percent"),
    [
        (0, GaugeData(0, 0, 100), 0),
        (40, GaugeData(40, 0, 100), 40),
        (40.5, GaugeData(40.5, 0, 100), 40.5),
        ("40", GaugeData(40, 0, 100), 40),
        (Decimal("0.5"), GaugeData(0.5, 0, 100), 0.5),
        (Fraction(1, 2), GaugeData(0.5, 0, 100), 0.5),
        (np.float32(0.5), GaugeData(0.5, 0, 100), 0.5),
        (True, GaugeData(1, 0, 100), 1),
        ({"value": 5, "max": 10}, GaugeData(5, 0, 10), 50),
        ({"value": 0, "min": -10, "max": 10}, GaugeData(0, -10, 10), 50),
        (
            {"value": 7, "text": "seven", "sub_text": "of 100"},
            GaugeData(7, 0, 100, "seven", "of 100"),
            7,
        ),
        ({}, GaugeData(0, 0, 100), 0),
        (GaugeData(3, 1, 5), GaugeData(3, 1, 5), 50),
        (250, GaugeData(250, 0, 100), 100),
        (-250, GaugeData(-250, 0, 100), 0),
    ],
    ids=repr,
)
def test_a_gauge_takes(value: Any, data: GaugeData, percent: float):
    prepared = Gauge().prepare_value(value)

    assert prepared == data
    assert prepared is not None
    assert prepared.percent == percent


def data_of(*fields: Any, state: str = "running") -> ProgressData:
    return replace(ProgressData(*fields), state=state)


@pytest.mark.parametrize(
    ("value", "data", "percent"),
    [
        (0, data_of(0), 0),
        (40, data_of(40), 40),
        ("40.5", data_of(40.5), 40.5),
        (Decimal(40), data_of(40), 40),
        (np.int64(40), data_of(40), 40),
        ({"value": 5, "max": 10}, data_of(5, 10), 50),
        ({"value": 5, "max": 20, "text": "rows"}, data_of(5, 20, "rows"), 25),
        ({}, data_of(None), 0),
        (ProgressData(1, 4), data_of(1, 4), 25),
        (250, data_of(250, state="done"), 100),
        (-1, data_of(-1), 0),
    ],
    ids=repr,
)
def test_a_progress_takes(value: Any, data: ProgressData, percent: float):
    prepared = Progress().prepare_value(value)

    assert prepared == data
    assert prepared is not None
    assert prepared.percent == percent


@pytest.mark.parametrize(
    "value",
    [
        FIGURE,
        MappingProxyType(FIGURE),
        go.Figure(FIGURE),
        json.dumps(FIGURE),
        json.dumps(FIGURE, indent=2),
    ],
    ids=["dict", "mapping", "figure", "text", "indented text"],
)
def test_a_chart_takes_a_figure_its_json_text_or_a_dict(value: Any):
    text = Chart().prepare_value(value)

    assert text is not None
    figure = json.loads(text)
    assert figure["data"] == FIGURE["data"]
    assert figure["layout"]["title"] == {"text": "Three"}


def test_a_chart_takes_numpy_columns_and_numbers_that_json_lacks():
    value = {"data": [{"y": np.array([1.5, np.nan, np.inf]), "x": [float("nan"), 1, None]}]}

    text = Chart().prepare_value(value)

    assert text is not None
    assert json.loads(text, parse_constant=pytest.fail)["data"][0]["x"] == [None, 1, None]


@pytest.mark.parametrize("value", ["words", 7, ["a"], {"any": "thing"}, gettext_lazy("Yes")])
def test_a_text_takes_anything(value: Any):
    assert str(value) in render(Text(value=value)).text


def test_a_text_keeps_line_breaks():
    html = render(Text(value="one\ntwo\r\nthree"))

    assert html.tags.count("br") == 2
    assert [each for each in html.texts if each.strip()] == ["one", "two", "three"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_shows_quietly_that_it_has_no_value(kind: Callable[..., Component]):
    html = render(kind(value=None))

    assert "None" not in html.text
    # A form without initial data is an empty one.
    assert html.text.strip() in {"\N{EN DASH}", "No data", ""} or "form" in html.tags
    assert not any(html.values("value"))


# Values that a kind refuses: the error names the dashboard, the key, the kind, the value, and
# what is allowed.


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (
            Stat(value={"txt": 1}),
            (
                "A Stat's value may have text, sub_text, change, sparkline, icon, href, prefix, "
                "unit, good, decimals, date_format; got {'txt': 1}."
            ),
        ),
        (
            Stat(value={1: 2}),
            (
                "A Stat's value may have text, sub_text, change, sparkline, icon, href, prefix, "
                "unit, good, decimals, date_format; got {1: 2}."
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
def test_a_bad_value_is_told_with_all_that_one_needs_to_mend_it(component: Component, message: str):
    with pytest.raises(ComponentValueError) as raised:
        dashboard_of(speed=component)["speed"].get_value()

    assert str(raised.value) == f"Own.speed: {message}"


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([1, 2], "[1, 2]"),
        ({"y": {1}}, "[{'y': {1}}], which cannot be written as JSON: "),
    ],
)
def test_a_bad_point_is_told_as_a_point(points: Any, told: str):
    """It was told what a figure must be, where a point was meant."""
    with pytest.raises(ComponentValueError) as raised:
        dashboard_of(speed=Chart(live=True, max_points=5, value=points))["speed"].get_value()

    assert str(raised.value).startswith(
        "Own.speed: A point of a Chart must be a dict such as {'x': 1, 'y': 2}, a list of them "
        f"(one for each trace), or a list of such lists, got {told}"
    )


def test_a_long_text_that_is_no_figure_is_not_repeated_in_full():
    with pytest.raises(ComponentValueError) as raised:
        Chart().prepare_value("x" * 10_000)

    assert len(str(raised.value)) < 300


def test_a_bad_value_that_is_pushed_is_told_alike():
    dashboard = dashboard_of(speed=Gauge(live=True))

    with pytest.raises(ComponentValueError) as raised:
        dashboard.prepare_pushed("speed", "much")

    assert str(raised.value) == "Own.speed: A Gauge's value must be a finite number, got 'much'."


def test_an_error_inside_a_callable_is_its_own():
    def read() -> int:
        msg = "no sensor"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="no sensor") as raised:
        dashboard_of(speed=Gauge(value=read))["speed"].get_value()

    assert not isinstance(raised.value, ComponentValueError)


# Hostile values stay text.


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
def test_a_hostile_value_stays_text(component: Component):
    html = render(component)

    assert HOSTILE in html.text
    assert "script" not in html.tags
    assert html.holds_nothing_hostile()


@pytest.mark.parametrize("form", [dict, go.Figure, json.dumps], ids=["dict", "figure", "text"])
def test_a_hostile_figure_stays_inside_its_script(form: Callable[[Any], Any]):
    figure = {
        "data": [{"x": [HOSTILE], "y": [1], "name": "<!--<script>"}],
        "layout": {"title": {"text": HOSTILE}},
    }

    html = render(Chart(value=form(figure)))

    # Loading, failed and empty are three texts.
    assert html.tags == ["dashboard-chart", "script", "div", *"ppp", "details", "summary"]
    assert html.values("type") == ["application/json"]
    assert html.holds_nothing_hostile()
    drawn = json.loads(html.texts[0])
    assert drawn["layout"]["title"]["text"] == HOSTILE
    assert drawn["data"][0]["x"] == [HOSTILE]


def test_a_figure_as_text_that_was_called_safe_is_escaped_all_the_same():
    html = render(
        Chart(
            value=Template("{{ it|safe }}").render(Context({"it": json.dumps({"layout": HOSTILE})}))
        )
    )

    assert json.loads(html.texts[0]) == {"layout": HOSTILE}
    assert html.holds_nothing_hostile()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_declaration_stays_inside_its_attributes(kind: Callable[..., Component]):
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
    # A form has a trigger of its own beside the box's.
    own = ["change, submit"] if "form" in html.tags else []
    assert html.values("hx-get") == [HOSTILE] * (1 + len(own))
    assert Counter(html.values("hx-trigger")) == Counter([HOSTILE, *own])


# A locale writes numbers for people, never for the browser.


@pytest.fixture
def _german(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    settings.USE_THOUSAND_SEPARATOR = True


@pytest.mark.usefixtures("_german")
def test_a_locale_does_not_break_a_gauge():
    html = render(Gauge(value={"value": 1234.5, "min": -1000, "max": 9000}))

    assert html.values("aria-valuenow") == ["1234.5"]
    assert html.values("aria-valuemin") == ["-1000.0"]
    assert html.values("aria-valuemax") == ["9000.0"]
    assert html.values("stroke-dasharray") == ["22.345 200"]
    assert [each for each in html.texts if each.strip()] == ["1.234,5", "-1.000", "9.000"]


@pytest.mark.usefixtures("_german")
def test_a_locale_does_not_break_a_progress():
    html = render(Progress(value={"value": 1234.5, "max": 98765.5}))

    assert html.values("value") == ["1234.5"]
    assert html.values("max") == ["98765.5"]


@pytest.mark.usefixtures("_german")
def test_a_locale_does_not_break_a_chart():
    html = render(Chart(value={"data": [{"y": [1234.5, 1_000_000]}]}))

    assert json.loads(html.texts[0])["data"][0]["y"] == [1234.5, 1_000_000]


@pytest.mark.usefixtures("_german")
def test_a_locale_writes_a_figure_for_people():
    assert render(Stat(value=1234.5)).text.strip() == "1.234,5"


@pytest.mark.usefixtures("_german")
@pytest.mark.parametrize("rate", [0.5, 2, 1500])
def test_a_locale_does_not_break_a_poll_rate(rate: float):
    dashboard = dashboard_of(it=Text(value="x", poll_rate=rate, defer_url="/x/"))

    assert box(dashboard, "it").values("hx-trigger") == [f"every {rate}s"]


@pytest.mark.parametrize(
    ("value", "arc"),
    [(0, []), (-5, []), (100, ["100.0 200"]), (500, ["100 200"]), (0.5, ["0.5 200"])],
)
def test_a_gauge_draws_its_value_within_the_arc(value: float, arc: list[str]):
    drawn = render(Gauge(value=value)).values("stroke-dasharray")

    assert [float(str(each).split()[0]) for each in drawn] == [
        float(each.split()[0]) for each in arc
    ]


# Standing alone, outside any dashboard.


def test_a_stat_stands_alone_as_users_write_it():
    stat = Stat(value={"text": "61%", "sub_text": "Via SSE"}, key="sse_stat")

    html = Html(
        render_to_string(stat.template, {"component": stat, "rendered_value": stat.get_value()})
    )

    assert stat.template_id == "sse_stat"
    assert html.text.split() == ["61%", "Via", "SSE"]


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
def test_every_kind_stands_alone(component: Component):
    html = render_to_string(
        component.template, {"component": component, "rendered_value": component.get_value()}
    )

    assert html.strip()
    assert "None" not in html


def test_a_component_alone_gives_a_callable_what_it_was_given():
    assert (
        Text(value=lambda request: f"for {request}").get_value(request="R", object="O") == "for R"
    )


def test_a_component_alone_without_a_key_has_no_template_id():
    assert Stat().template_id is None


# Callables.


async def read_later() -> str:
    return "later"


async def read_request_later(request: str) -> str:
    return f"later, for {request}"


class Caller:
    def __call__(self, object: str) -> str:  # noqa: A002 - the name users write
        return f"about {object}"

    def method(self, filters: str) -> str:
        return f"where {filters}"

    @staticmethod
    def static(request: str, filters: str = "none") -> str:
        return f"{request} where {filters}"


class AsyncCaller:
    async def __call__(self, request: str) -> str:
        return f"later, for {request}"


def with_default(request: str, limit: int = 3) -> str:
    return f"{limit} for {request}"


def only_keywords(*, object: str, request: str) -> str:  # noqa: A002 - the name users write
    return f"{object} for {request}"


def everything(**kwargs: Any) -> str:
    return ", ".join(sorted(kwargs))


def something_and_everything(request: str, **kwargs: Any) -> str:
    return f"{request}; {', '.join(sorted(kwargs))}"


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("no callable", "no callable"),
        (None, None),
        (lambda: "nothing", "nothing"),
        (lambda request: f"for {request}", "for R"),
        (lambda filters, room: f"{filters}{room}", "FX"),
        (everything, "filters, object, request, room"),
        (something_and_everything, "R; filters, object, room"),
        (with_default, "3 for R"),
        (only_keywords, "O for R"),
        (functools.partial(with_default, limit=9), "9 for R"),
        (functools.partial(with_default, "mine"), "3 for mine"),
        (Caller(), "about O"),
        (Caller().method, "where F"),
        (Caller.static, "R where F"),
        (read_later, "later"),
        (read_request_later, "later, for R"),
        (AsyncCaller(), "later, for R"),
        (lambda request: read_request_later(request + "!"), "later, for R!"),
        (dict, {}),
    ],
)
def test_a_callable_gets_what_it_names(value: Any, result: Any):
    assert resolve(value, request="R", object="O", filters="F", room="X") == result


@pytest.mark.parametrize("built_in", [time.time, time.monotonic, random.random])
def test_a_callable_that_is_built_in_gets_nothing(built_in: Callable[[], float]):
    assert isinstance(resolve(built_in, request="R", object="O", filters="F"), float)


def test_a_dashboard_gives_callables_its_request_object_and_filters():
    def describe(request: Any, object: Any, filters: Mapping[str, Any]) -> str:  # noqa: A002
        return f"{request.path} {object} {dict(filters)}"

    class Own(Dashboard):
        it = Text(value=describe)

    request = RequestFactory().get("/here/", {"q": "1"})

    assert Own(request, object=7)["it"].get_value() == "/here/ 7 {'q': '1'}"
    assert Own(request, object=7)["it"].get_value() == "/here/ 7 {'q': '1'}"


def test_a_method_of_the_dashboard_goes_before_the_declared_value():
    class Own(Dashboard):
        it = Stat(value="declared")
        other = Stat(value="declared")

        async def get_it_value(self, **kwargs: Any) -> str:
            return f"of the method, given {', '.join(sorted(kwargs))}"

    assert (
        Own()["it"].get_value().text
        == "of the method, given filters, filterset, object, request, user"
    )
    assert Own()["other"].get_value().text == "declared"


# When a component loads.


class Loading(Dashboard):
    plain = Text(value="now")
    deferred = Text(value="later", defer=True)
    undeferred = Text(value="now", defer=False)
    called = Text(value="never", defer=lambda request: f"called for {request.path}")
    by_method = Text(value="never")
    async_called = Text(defer=read_later)
    polled = Text(value="x", poll_rate=2.5)
    never_polled = Text(value="x", poll_rate=0)
    triggered = Text(value="x", trigger_on="refresh from:body, click")
    leader = Text(value="x", dependents=["follower"])
    other_leader = Text(value="x", dependents=("follower", "plain_follower"))
    follower = Text(value="x", defer=True, poll_rate=60, trigger_on="again")
    plain_follower = Text(value="x")
    elsewhere = Text(defer=True, defer_url="/elsewhere/?a=1&b=2")

    class Meta:
        app_label = "site"

    def get_by_method_defer(self, object: Any) -> str:  # noqa: A002 - the name users write
        return f"by method, about {object}"


class Live(Dashboard):
    pushed = Text(live=True)
    own = Text(value="its own", live=True)
    deferred = Text(value="later", live=True, defer=True)
    pushed_later = Text(live=True, defer=lambda: "loaded")
    turning = Text(value=lambda: "computed", live=Every(seconds=60))
    slow = Text(value=lambda: "computed late", live=Every(seconds=60), defer=True)
    slow_call = Text(defer=lambda: "called late", live=Every(seconds=60))

    class Meta:
        app_label = "site"


urlpatterns = addresses(Loading, Live)
served = pytest.mark.urls(__name__)


@pytest.mark.parametrize(
    ("key", "trigger"),
    [
        ("plain", ""),
        ("undeferred", ""),
        ("deferred", "dashboards:seen once"),
        ("called", "dashboards:seen once"),
        ("by_method", "dashboards:seen once"),
        ("polled", "every 2.5s"),
        ("never_polled", ""),
        ("triggered", "refresh from:body, click"),
        ("leader", ""),
        ("plain_follower", "htmx:after:swap from:#site_loading-other_leader-content"),
        (
            "follower",
            (
                "dashboards:seen once, every 60s, again, "
                "htmx:after:swap from:#site_loading-leader-content, "
                "htmx:after:swap from:#site_loading-other_leader-content"
            ),
        ),
    ],
)
def test_a_trigger_says_when_a_component_loads(key: str, trigger: str):
    assert Loading()[key].trigger == trigger


@served
@pytest.mark.parametrize("key", ["deferred", "polled", "triggered", "plain_follower"])
def test_what_loads_says_from_where(key: str):
    assert box(Loading(), key).values("hx-get") == [f"/site/loading/@component/{key}/"]


@served
@pytest.mark.parametrize("key", ["plain", "undeferred", "leader", "never_polled"])
def test_what_never_loads_has_no_address_to_load_from(key: str):
    assert box(Loading(), key).values("hx-get") == []
    assert box(Loading(), key).values("hx-trigger") == []


@served
def test_a_deferred_component_may_load_from_elsewhere():
    assert box(Loading(), "elsewhere").values("hx-get") == ["/elsewhere/?a=1&b=2"]


@served
@pytest.mark.parametrize("key", ["deferred", "called", "by_method", "async_called"])
def test_a_deferred_component_is_sent_without_its_value(key: str):
    html = box(Loading(RequestFactory().get("/")), key)

    assert "Loading…" in html.text
    assert "later" not in html.text
    assert "never" not in html.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("deferred", "later"),
        ("called", "called for /page/"),
        ("by_method", "by method, about 7"),
        ("async_called", "later"),
    ],
)
def test_a_deferred_component_loads(key: str, value: str):
    dashboard = Loading(RequestFactory().get("/page/"), object=7)

    assert dashboard[key].get_value() == value


def test_a_dashboard_may_defer_for_some_requests_only():
    class Sometimes(Dashboard):
        it = Text(value="now", defer=True)
        get_it_defer: Any = None

    assert Sometimes()["it"].is_deferred is False
    assert Sometimes()["it"].get_value() == "now"


# What is live.


@pytest.fixture
def _memory(settings: Settings) -> None:
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}
    }


@served
@pytest.mark.usefixtures("_memory")
def test_a_live_component_without_a_value_waits_quietly_for_its_first():
    html = box(Live(), "pushed")

    assert "Waiting for the first value…" in html.text
    assert html.values("sse-swap") == ["pushed"]


@served
@pytest.mark.usefixtures("_memory")
def test_a_live_component_without_a_value_shows_what_was_pushed_last():
    push(Live, "pushed", "first")
    push(Live, "pushed", "last")

    html = box(Live(), "pushed")

    assert "last" in html.text
    assert "first" not in html.text
    assert "Waiting" not in html.text


@served
@pytest.mark.usefixtures("_memory")
def test_a_live_component_shows_what_was_pushed_as_text():
    push(Live, "pushed", HOSTILE)

    html = box(Live(), "pushed")

    assert HOSTILE in html.text
    assert html.holds_nothing_hostile()


@served
@pytest.mark.usefixtures("_memory")
def test_one_reading_of_the_store_serves_the_whole_page():
    dashboard = Live()
    before = dashboard.position
    push(Live, "pushed", "after the page was read")

    assert "Waiting" in box(dashboard, "pushed").text
    assert dashboard.position == before


@served
@pytest.mark.usefixtures("_memory")
def test_a_live_component_with_a_value_of_its_own_shows_it():
    assert "its own" in box(Live(), "own").text


@served
@pytest.mark.usefixtures("_memory")
def test_a_deferred_live_component_still_loads():
    html = box(Live(), "deferred")

    assert "Loading…" in html.text
    assert html.values("hx-trigger") == ["dashboards:seen once"]
    assert html.values("sse-swap") == ["deferred"]


@served
@pytest.mark.usefixtures("_memory")
def test_a_computed_component_shows_what_was_computed():
    # To render a box computes nothing: whoever serves the page asks for what is due before.
    assert "Waiting for the first value…" in box(Live(), "turning").text

    Live().compute_due(deferred=False)

    assert box(Live(), "turning").text.split() == ["Turning", "computed"]


@served
@pytest.mark.usefixtures("_memory")
@pytest.mark.parametrize(
    ("key", "value"), [("slow", "computed late"), ("slow_call", "called late")]
)
def test_a_deferred_computed_component_is_not_waited_for(key: str, value: str):
    Live().compute_due(deferred=False)
    assert "Loading…" in box(Live(), key).text

    Live().compute_due(deferred=True)
    assert value in box(Live(), key).text


@served
@pytest.mark.usefixtures("_memory")
def test_what_is_not_live_listens_to_nothing():
    assert box(Loading(), "plain").values("sse-swap") == []


# Around the value.


def test_a_call_to_action_is_a_link():
    html = box(dashboard_of(it=Text(value="x", cta=CTA(href="/more/?a=1&b=2"))), "it")

    assert html.values("href") == ["/more/?a=1&b=2"]
    assert "Find out more" in html.text


def test_without_a_call_to_action_there_is_no_link():
    assert "a" not in box(dashboard_of(it=Text(value="x")), "it").tags


@pytest.mark.parametrize(
    ("title", "shown"),
    [(None, "Room temperature"), ("Warmth", "Warmth"), (gettext_lazy("Yes"), "Yes")],
)
def test_a_heading_is_made_from_the_key_unless_it_is_given(title: Any, shown: str):
    html = box(dashboard_of(room_temperature=Text(value="x", title=title)), "room_temperature")

    assert "h2" in html.tags
    assert shown in html.text


def test_an_empty_title_hides_the_heading():
    html = box(dashboard_of(it=Text(value="x", title="", icon="star")), "it")

    assert "h2" not in html.tags
    assert html.values("aria-labelledby") == []


def test_classes_and_icon_are_where_css_looks_for_them():
    html = box(
        dashboard_of(
            it=Text(value="x", icon="bi bi-cpu", css_classes="dark", grid_css_classes="span-6")
        ),
        "it",
    )

    classes = [str(each).split() for each in html.values("class")]
    assert {"dashboards-component", "dark", "span-6"} <= set(classes[0])
    assert ["bi", "bi-cpu"] in classes


def test_ids_are_the_dashboards_and_the_keys_own():
    dashboard = dashboard_of(one=Text(value="x"), two=Text(value="x"))
    ids = [each for key in ("one", "two") for each in box(dashboard, key).values("id")]

    assert len(ids) == len(set(ids))
    assert {"site_own-one", "site_own-one-content"} <= set(ids)


def test_what_draws_nothing_and_sends_nothing_loads_no_script():
    kinds = [type(kind()) for kind in KINDS]
    parts = ("bundles", "config", "theme", "countries", "times", "points", "table", "chart")
    chart = ["dashboards/js/drawing.js", *(f"dashboards/js/chart/{name}.js" for name in parts)]
    assert {kind: list(kind.scripts) for kind in kinds if kind.scripts} == {
        Chart: chart,
        Map: chart,
        Bars: ["dashboards/js/drawing.js"],
        Form: ["dashboards/js/forms.js"],
    }


@dataclass
class SSEStat(Stat):
    template: str = "dashboards/components/sse_stat.html"

    @staticmethod
    def pushpin_url() -> str:
        return "http://localhost:7999/events/?a=1&b=2"


@pytest.mark.django_db
@pytest.mark.parametrize("live", [False, True])
def test_a_component_with_a_stream_of_its_own_connects_while_it_waits(live: bool):
    html = box(dashboard_of(it=SSEStat(live=live)), "it")

    assert html.values("sse-connect") == ["http://localhost:7999/events/?a=1&b=2"]
    assert html.values("sse-swap") == (["it", "it"] if live else ["it"])
    assert "Waiting for the first value…" in html.text


def test_a_box_that_loads_itself_knows_what_it_shows():
    loads = Text(value="x", poll_rate=1, defer_url="/x/")
    waits, still = Text(value="x", defer=True, defer_url="/x/"), Text(value="x")
    dashboard = dashboard_of(loads=loads, waits=waits, still=still)

    assert box(dashboard, "loads").values("data-dashboards-etag") == [
        entity_tag("""<div class="dashboards-text">x</div>""")
    ]
    assert box(dashboard, "waits").values("data-dashboards-etag") == [""]
    assert box(dashboard, "still").values("data-dashboards-etag") == []


def test_what_is_remembered_of_a_method_keeps_no_instance_of_it():
    class Source:
        def value(self, user: Any) -> Any:
            return user

    source = Source()
    gone = weakref.ref(source)

    assert [Stat(value=source.value).get_value(request=1, user=2).text for _ in range(2)] == [2, 2]
    del source
    gc.collect()

    assert gone() is None
