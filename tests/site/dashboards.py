"""Dashboards of the test site."""

import asyncio
import itertools
import os
import time
from base64 import b64encode
from dataclasses import dataclass
from struct import pack
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from dashboards.component import (
    CTA,
    Chart,
    ChartSerializer,
    Component,
    Drawing,
    Form,
    Gauge,
    Map,
    Progress,
    Stat,
    Text,
)
from dashboards.component.layout import (
    HR,
    HTML,
    Card,
    ComponentLayout,
    Div,
    Header,
    HTMLComponentLayout,
    Tab,
    TabContainer,
)
from dashboards.component.stat import StatSerializer
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.live import Every, OnChange
from dashboards.permissions import BasePermission, IsAdminUser
from dashboards.registry import registry

HOSTILE = """<script>document.title="broken"</script></script>"'&<img src=x onerror=alert(1)>"""

_turns = itertools.count(1)


def count_turns() -> str:
    return f"{os.getpid()}/{next(_turns)}"


def line(*values: float, title: str = "") -> dict[str, Any]:
    return {
        "data": [{"type": "scatter", "x": list(range(len(values))), "y": list(values)}],
        "layout": {"height": 260, "title": {"text": title}},
    }


def greet(request: HttpRequest) -> str:
    return f"Hello {request.GET.get('name', 'nobody')}"


@registry.register
class Live(Dashboard):
    """Pushed values of every kind, and one that is computed."""

    number = Stat(live=True)
    note = Text(live=True)
    bar = Progress(live=True)
    dial = Gauge(live=True)
    chart = Chart(live=True)
    turns = Stat(value=count_turns, live=Every(seconds=1))
    greeting = Text(value=greet)


@registry.register
class Quiet(Dashboard):
    """Live components that nothing is pushed to."""

    silence = Stat(live=True)


def count_users() -> str:
    return f"{get_user_model().objects.count()} users, turn {next(_turns)}"


@registry.register
class Changing(Dashboard):
    """Recomputed when a model changes."""

    users = Stat(value=count_users, live=OnChange("auth.User"))


@registry.register
class Hostile(Dashboard):
    """Every value tries to inject HTML or scripts."""

    text = Text(value=HOSTILE, title=HOSTILE)
    stat = Stat(value={"text": HOSTILE, "sub_text": HOSTILE})
    bar = Progress(value={"value": 40, "text": HOSTILE})
    dial = Gauge(value={"value": 40, "text": HOSTILE, "sub_text": HOSTILE})
    chart = Chart(value=line(1, 3, 2, title=HOSTILE))
    pushed = Text(live=True)
    link = Text(value="see", cta=CTA(href="/?a=1&b=2", text=HOSTILE))


@registry.register
class Staff(Dashboard):
    """For staff only."""

    secret = Stat(value="classified", live=True)
    later = Stat(defer=lambda: "classified too")

    class Meta:
        permission_classes = (IsAdminUser,)


class AnswersStaffOnly(BasePermission):
    async def has_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> bool:
        return bool((await request.auser()).is_staff)

    def handle_no_permission(self, request: HttpRequest, dashboard: type[Dashboard]) -> Any:
        return HttpResponse(f"Ask for access to {dashboard.class_name()}.")


@registry.register
class Answering(Dashboard):
    """For staff only; others get a page of status 200 in its place."""

    secret = Stat(value="classified", live=True)

    class Meta:
        permission_classes = (AnswersStaffOnly,)
        include_in_menu = False


@dataclass
class Echo(Component):
    """A component class as a project might write it."""

    template: str = "site/echo.html"


@registry.register
class Later(Dashboard):
    """Components that are loaded after the page."""

    above = Text(value="above", css_classes="tall")
    deferred = Stat(defer=True)
    called = Text(defer=lambda **kwargs: f"called with {', '.join(sorted(kwargs))}")
    polled = Stat(value=count_turns, poll_rate=1)
    triggered = Stat(value=count_turns, trigger_on="again from:body", dependents=("dependent",))
    dependent = Stat(value=count_turns)
    echoed = Echo(value=HOSTILE)

    def get_deferred_value(self) -> str:
        return "arrived"


@registry.register
class Far(Dashboard):
    """A deferred component that is not in view when the page opens."""

    near = Text(value="near")
    tall = Text(value="\n" * 200, grid_css_classes="span-12")
    far = Text(defer=lambda: "far", grid_css_classes="span-12")


def answer_late() -> str:
    time.sleep(3)
    return "computed before"


@registry.register
class Slow(Dashboard):
    """A live component with a slow value."""

    slow = Text(defer=answer_late, live=True, trigger_on="ask from:body")


@registry.register
class Pie(Dashboard):
    """A figure of numpy columns by plotly express, in a format that only recent plotly.js reads."""

    pie = Chart(title="Shares")

    def get_pie_value(self) -> Any:
        # Slow to import, and only this page needs them.
        import numpy as np  # noqa: PLC0415
        import plotly.express as px  # noqa: PLC0415

        return px.pie(names=np.array(["a", "b", "c"]), values=np.array([1.0, 2.0, 5.0]))


def next_point() -> dict[str, float]:
    turn = next(_turns)
    return {"x": turn, "y": turn % 7}


@registry.register
class Series(Dashboard):
    """Charts that points are appended to."""

    pushed = Chart(
        live=True, max_points=5, figure={"data": [{"type": "scatter", "name": "of mine"}]}
    )
    computed = Chart(value=next_point, live=Every(seconds=0.5), max_points=20)
    begun = Chart(
        live=True,
        max_points=4,
        figure={
            "data": [
                # The format in which plotly.py writes NumPy arrays.
                {
                    "type": "scatter",
                    "x": {"dtype": "i1", "bdata": b64encode(bytes([1, 2, 3])).decode()},
                    "y": {"dtype": "f8", "bdata": b64encode(pack("<3d", 0.5, 20, 30)).decode()},
                },
                {"type": "scatter", "name": "Limits", "x": [0, 9, 9, 0, 0], "y": [8, 8, 9, 9, 8]},
            ]
        },
    )


def whoami(request: HttpRequest) -> str:
    return f"{request.user} asked {next(_turns)} times"


@registry.register
class Personal(Dashboard):
    """Values that depend on the viewer: each page loads its own upon a refresh marker."""

    often = Text(value=whoami, live=Every(seconds=1, delivery="per_viewer", jitter=0.2))
    changed = Text(value=whoami, live=OnChange("auth.Group", delivery="per_viewer", jitter=0))


def name_of(user: Any) -> str:
    return f"computed for {user}, turn {next(_turns)}"


@registry.register
class Mine(Dashboard):
    """A dashboard with an audience per user."""

    note = Text(live=True)
    who = Text(value=name_of, live=Every(seconds=1))

    class Meta:
        audience = "user"


class IsNotSecret(BasePermission):
    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.name != "secret")


def describe(object: Group) -> str:  # noqa: A002 - components pass it by this name
    return f"group {object.name}"


@registry.register
class GroupBoard(ModelDashboard):
    """About one group."""

    about = Text(value=describe, live=Every(seconds=1))
    note = Text(live=True)
    later = Text(defer=describe)

    class Meta:
        model = Group
        permission_classes = (IsNotSecret,)


class DivWithImage(HTMLComponentLayout):
    """A layout class as a project might write it."""

    template_name: str = "site/div_with_image.html"
    image_url: str = ""
    width: int = 40


@registry.register
class Arranged(Dashboard):
    """Every layout object, with deferred and live components also in hidden tabs."""

    first = Text(value="first", cta=CTA(Quiet, "Leave <all>"))
    number = Stat(live=True)
    late = Text(defer=lambda: "arrived late")
    chart = Chart(value=line(1, 3, 2))
    left_out = Text(value="in no place")

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Header(heading="Welcome <all>", size=2),
            HTML("<p>Below are <b>the results</b>:</p>"),
            Card("first", heading="A card", footer="Its foot", actions=[("/site/live/", "Live")]),
            Card(HTML("<p>Words beside it</p>"), grid_css_classes="span-8"),
            HR(),
            DivWithImage(
                HTML("<p>Pictured</p>"), image_url="data:image/gif;base64,R0lGODlhAQABAAAAACw="
            ),
            TabContainer(
                Tab("Open", HTML("<p>What one sees first</p>")),
                Tab("Numbers", Card("number", "late", grid_css_classes="span-12")),
                Tab("Charts", Div("chart", css_classes="of-mine")),
            ),
        )


@registry.register
class Folded(Dashboard):
    """A chart without a height in a closed tab, and a visible one."""

    seen = Chart(live=True)
    chart = Chart(value={"data": [{"y": [1, 3, 2], "type": "scatter"}]}, live=True)

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            TabContainer(Tab("Open", "seen"), Tab("Charts", "chart")),
        )


@registry.register
class Tabbed(Dashboard):
    """Tabs beside tabs, and tabs in tabs."""

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            TabContainer(Tab("A", HTML("<p>a</p>")), Tab("B", HTML("<p>b</p>"))),
            TabContainer(
                Tab("C", HTML("<p>c</p>")),
                Tab("D", TabContainer(Tab("E", HTML("<p>e</p>")), Tab("F", HTML("<p>f</p>")))),
            ),
        )


@registry.register
class Dynamic(Dashboard):
    """Components that each instance adds, some for staff only."""

    declared_one = Text(value="declared")

    def __init__(self, request: HttpRequest | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        for number in range(1, 3):
            self.components[f"dynamic_{number}"] = Text(value=f"added {number}", live=True)
        self.components["later"] = Text(defer=lambda: "added and deferred")
        self.components["permissions"] = Stat(
            value=lambda: f"{Permission.objects.filter(name__startswith='new').count()} new",
            live=OnChange("auth.Permission"),
        )
        if request is not None and request.GET.get("as") == "staff":
            self.components["for_staff"] = Text(value=lambda: "only here", live=Every(seconds=60))

    class Layout(Dashboard.Layout):
        components = ComponentLayout("dynamic_2", "dynamic_1", "for_staff", "later")


@registry.register
class Mixed(Dashboard):
    """Some components are for staff only."""

    open = Stat(live=True)
    secret = Stat(live=True, permission_classes=[IsAdminUser], dependents=("after",))
    wages = Text(
        value=lambda: f"wages, {next(_turns)}",
        live=Every(seconds=1, jitter=0.1),
        permission_classes=("dashboards.permissions.IsAdminUser",),
    )
    later = Text(defer=lambda: "later wages", permission_classes=[IsAdminUser])
    after = Text(value="after")


class Period(forms.Form):
    year = forms.TypedChoiceField(
        choices=[(2023, "2023"), (2024, "2024")], coerce=int, initial=2024, required=False
    )
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False)
    word = forms.CharField(required=False, max_length=5)
    group = forms.ModelChoiceField(Group.objects.all(), required=False)

    def clean(self) -> None:
        since, until = (self.cleaned_data.get(name) for name in ("since", "until"))
        if since and until and until < since:
            msg = "It ends before it begins."
            raise forms.ValidationError(msg)


def show_filters(filters: dict[str, Any]) -> str:
    return f"{filters['year']!r} {filters['since']} [{filters['word']}] {next(_turns)}"


@registry.register
class Filtered(Dashboard):
    """Filtered as a whole by a form."""

    now = Text(value=show_filters)
    late = Text(defer=show_filters)
    polled = Text(value=show_filters, poll_rate=1)
    computed = Text(value=show_filters, live=Every(seconds=1, jitter=0.1))
    called = Text(value=show_filters, live=True)
    pushed = Text(live=True)

    class Meta:
        filter_form = Period


@registry.register
class Timed(Dashboard):
    """Charts that share their time, and others that stay by themselves."""

    heat = Chart(live=True, max_points=500)
    rain = Chart(live=True, max_points=500)
    begun = Chart(live=True)
    alone = Chart(live=True, shared_time=False)
    days = Chart(live=True)
    kinds = Chart(value={"data": [{"type": "bar", "x": ["a", "b"], "y": [1, 2]}]})

    class Meta:
        filter_form = Period


@registry.register
class TimedToo(Dashboard):
    """A chart that shows an hour first."""

    heat = Chart(live=True)

    class Meta:
        time_ranges = ("1h", "1d")
        time_range = "1h"


@registry.register
class Deferred(Dashboard):
    """Twenty deferred components, all in view."""

    def __init__(self, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(request, **kwargs)
        for number in range(20):
            self.components[f"later_{number}"] = Text(
                defer=lambda number=number: f"value {number}.", grid_css_classes="span-2"
            )


SLOW = 1.0


def be_slow() -> str:
    time.sleep(SLOW)
    return "slow"


async def wait_long() -> str:
    await asyncio.sleep(SLOW)
    return "waited"


@registry.register
class Uneven(Dashboard):
    """Deferred components, some of them slow, and one that fails."""

    first = Text(defer=lambda filters: f"first {filters.get('q')}")
    failing = Text(defer=lambda: str(1 / 0))
    waiting = Text(defer=wait_long)
    slow = Text(defer=be_slow)
    last = Text(defer=lambda: "last")
    secret = Text(defer=lambda: "secret", permission_classes=[IsAdminUser])
    polled = Text(defer=lambda: f"polled {next(_turns)}", poll_rate=1)


def read_sensor() -> str:
    """Raise until there is a user with the name "repaired"."""
    if not get_user_model().objects.filter(username="repaired").exists():
        msg = "no sensor"
        raise OSError(msg)
    return "21 °C"


@registry.register
class Failing(Dashboard):
    """Values that raise until they are repaired, and some that do not raise."""

    number = Stat(live=True, title="Pushed")
    plain = Text(value=read_sensor, title="Plain")
    deferred = Text(defer=read_sensor, title="Deferred")
    other = Text(defer=lambda: "good", title="Deferred, too")
    polled = Text(value=read_sensor, poll_rate=60, title="Polled")
    own = Text(
        value=read_sensor, live=Every(seconds=60, delivery="per_viewer", jitter=0), title="Own"
    )
    series = Chart(live=True, max_points=3, title="Series")


class Word(forms.Form):
    word = forms.CharField()


def show_word(filters: dict[str, Any]) -> str:
    return f"the word is {filters.get('word')}"


@registry.register
class Aging(Dashboard):
    """Values that get old, and boxes of every way to be updated."""

    pushed = Stat(live=True, stale_after=1)
    lasting = Stat(live=True)
    points = Chart(live=True, max_points=3)
    polled = Stat(value=count_turns, poll_rate=1)
    sensor = Text(value=read_sensor, live=Every(seconds=600))
    shown = Text(value=show_word)
    form = Form(form=Word, method="get", dependents=("shown",))


WAIT = 0.4


async def wait_a_little(request: HttpRequest | None) -> str:
    """Return when the wait began and ended, from which a test sees that waits overlapped."""
    began = time.monotonic()
    await asyncio.sleep(WAIT)
    path = request.path if request else "all"
    return f"waited for {path} from {began} to {time.monotonic()}"


@registry.register
class Awaited(Dashboard):
    """Values that are awaited."""

    one = Text(value=wait_a_little)
    two = Text(value=wait_a_little)
    three = Text(value=lambda request: wait_a_little(request))  # noqa: PLW0108 - returns one
    four = Text()
    now = Text(value=lambda: "at once")

    async def get_four_value(self) -> str:
        return await wait_a_little(self.request)


@dataclass
class Bars(Drawing):
    """Drawn by a script outside the package."""

    element = "test-bars"
    scripts = (*Drawing.scripts, "site/bars.js")


class Names(ChartSerializer):
    class Meta:
        model = Group
        fields = ("name", "pk")
        frame = "polars"
        title = "Groups"

    def to_fig(self, df: Any) -> Any:
        bars = {"type": "bar", "x": df["name"].to_list(), "y": df["pk"].to_list()}
        return {"data": [bars]}


@registry.register
class Drawn(Dashboard):
    """Maps, a chart without points, another renderer, and a chart of a model."""

    world = Map(value={"data": [{"type": "choropleth", "locations": ["DEU", "FRA"], "z": [1, 2]}]})
    points = Chart(value={"data": [{"y": []}]}, live=True)
    bars = Bars(value=[3, 1], live=True)
    groups = Chart(value=Names)
    track = Map(live=True, max_points=3)


@registry.register
class Boxes(Dashboard):
    """Boxes with menus, and boxes without one."""

    rates = Chart(live=True)
    load = Stat(live=True, menu=[CTA("/site/drawn/", "All charts"), CTA("javascript:x", "Bad")])
    bare = Stat(value=1, menu=None)
    prose = Text(value="A note.", title="Note")
    search = Form(form=Period, title="Search", menu=())
    places = Map(value={"data": [{"type": "choropleth", "locations": ["DEU"], "z": [1]}]})
    alone = Chart(value={"data": [{"x": ["=1+1"], "y": [1], "name": "-2"}]})
    late = Stat(value=lambda: 7, defer=True, title="Late")

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            *("rates", "load", "bare", "prose", "search", "places"),
            Card("alone", heading="In a card"),
            TabContainer(Tab("Open", HTML("<p>open</p>")), Tab("Closed", "late")),
        )


class Groups(StatSerializer):
    class Meta:
        model = Group
        annotation = Count("pk")
        unit = "groups"


@registry.register
class Figures(Dashboard):
    """Stats with trends, a gauge, progress, and prose."""

    orders = Stat(
        value={
            "text": 1234567,
            "change": {"by": 12.5, "unit": "%", "period": "in 7 days"},
            "sparkline": [3, 5, 4, 6, None, 8, 7, 9, 12],
        },
        good="up",
        href="dashboards:site_drawn",
    )
    errors = Stat(live=True, unit="ms", good="down")
    boiler = Gauge(
        value=71,
        max=120,
        unit="°C",
        bands=[
            {"end": 60, "level": "good"},
            {"end": 90, "level": "warning", "text": "Getting hot"},
            {"level": "critical"},
        ],
        live=True,
    )
    job = Progress(live=True, steps=("Read", "Resize", "Write"))
    prose = Text(markup="markdown", value="**Counted** hourly.\n\n| a | b |\n|---|--:|\n| x | 1 |")
    groups = Stat(value=Groups)
    notice = Text(markup="html", live=True)


@registry.register
class Craft(Dashboard):
    """Charts and figures whose places a test measures."""

    class Meta:
        name = "Craft"

    gauge = Gauge(
        bands=[{"end": 90, "level": "good"}, {"level": "critical"}],
        live=True,
        grid_css_classes="span-2",
    )
    stat = Stat(live=True, unit="requests per minute", grid_css_classes="span-2")
    euro = Stat(value=123456789012.35, prefix="€", decimals=2, grid_css_classes="span-2")
    short = Stat(value=123456789, compact=True, unit="requests", grid_css_classes="span-2")
    dial = Gauge(
        value=123456789012345,
        max=999999999999999,
        unit="requests per minute",
        grid_css_classes="span-2",
    )
    job = Progress(live=True, grid_css_classes="span-2")
    lines = Chart(
        live=True,
        unit="B/s",
        bands=[{"end": 8e6}, {"start": 8e6, "level": "critical", "text": "Full"}],
        title="Rates",
        grid_css_classes="span-6",
    )
    many = Chart(live=True, unit="requests/min", title="Many", grid_css_classes="span-6")


if os.environ.get("TEST_STUCK") == "1":
    from tests.site import stuck  # noqa: F401 - it registers dashboards for some tests only


class Anything(forms.Form):
    """A field of each kind, for unexpected input."""

    many = forms.ModelMultipleChoiceField(Group.objects.all(), required=False)
    one = forms.ModelChoiceField(Group.objects.all(), required=False)
    data = forms.JSONField(required=False)  # type: ignore[assignment] # a field of this name
    whole = forms.IntegerField(required=False)
    exact = forms.DecimalField(required=False, max_digits=9, decimal_places=2)
    rough = forms.FloatField(required=False)
    day = forms.DateField(required=False, widget=forms.SelectDateWidget(years=[2024]))
    moment = forms.DateTimeField(required=False)
    hour = forms.TimeField(required=False)
    span = forms.DurationField(required=False)
    both = forms.SplitDateTimeField(required=False)
    ident = forms.UUIDField(required=False)
    address = forms.GenericIPAddressField(required=False)
    link = forms.URLField(required=False, assume_scheme="https")
    text = forms.CharField(required=False)
    ticked = forms.BooleanField(required=False)
    chosen = forms.TypedMultipleChoiceField(
        choices=[(1, "a"), (2, "b")], coerce=int, required=False
    )


class Sent(Anything):
    """The same, with a file, to be posted."""

    file = forms.FileField(required=False)

    def save(self) -> None:
        """Store nothing."""


def count_found(filters: dict[str, Any]) -> int:
    groups = Group.objects.all()
    if filters["one"]:
        groups = groups.filter(pk=filters["one"].pk)
    if filters["whole"] is not None:
        groups = groups.filter(pk__lte=filters["whole"], name__contains=filters["text"])
    return groups.count()


@registry.register
class Anyhow(Dashboard):
    """Forms with a field of each kind; not in the menu."""

    found = Stat(value=count_found)
    later = Stat(defer=count_found)
    tick = Stat(value=1, live=True)
    own = Form(form=Anything, dependents=["found"])
    sent = Form(form=Sent, method="post")

    class Meta:
        filter_form = Anything
        include_in_menu = False


def hang() -> str:
    time.sleep(3600)
    return "never"


async def await_for_ever() -> str:
    await asyncio.sleep(3600)
    return "never"


# In fault tests only: some of its values never end.
if os.environ.get("TEST_TROUBLED") == "1":

    @registry.register
    class Troubled(Dashboard):
        """Values that hang, raise, are refused or are too large, and one that works."""

        well = Stat(value=lambda: next(_turns), live=Every(seconds=1))
        hangs = Stat(value=hang, live=Every(seconds=1))
        awaits = Stat(value=await_for_ever, live=Every(seconds=1))
        raises = Stat(value=lambda: 1 / 0, live=Every(seconds=1))
        odd = Text(value=lambda: f"file \udc80 {next(_turns)}", live=Every(seconds=1))
        huge = Text(value=lambda: "x" * 3_000_000, live=Every(seconds=1))
