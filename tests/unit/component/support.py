"""Helpers of the tests of components: a parser of HTML, and the rendering of one component."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import unescape
from html.parser import HTMLParser
from typing import Any, ClassVar

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from pytest_django import Settings

from dashboards.component import (
    BasicTable,
    Chart,
    Component,
    Drawing,
    Form,
    Gauge,
    Map,
    Progress,
    Stat,
    Table,
    Text,
)
from dashboards.dashboard import Dashboard

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
    """The tags, attributes, texts and comments of a piece of HTML."""

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


def skip_without_packages(component: Component) -> None:
    """Skip the test if a package is missing that this kind of component needs."""
    if isinstance(component, Chart):
        pytest.importorskip("plotly")
    if isinstance(component, BasicTable):
        pytest.importorskip("django_tables2")


def name_of(given: Any) -> str | None:
    """Return the id of a component as a parameter of a test."""
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


def use_templates(settings: Settings, templates: dict[str, str], *processors: str) -> None:
    """Let templates and context processors of the project go before the package's.

    Args:
        settings: the fixture.
        templates: the text of each template by its name.
        processors: dotted paths of context processors.
    """
    options = settings.TEMPLATES[0].get("OPTIONS", {})
    loaders = [
        ("django.template.loaders.locmem.Loader", templates),
        "django.template.loaders.app_directories.Loader",
    ]
    settings.TEMPLATES = [
        {
            **settings.TEMPLATES[0],
            "APP_DIRS": False,
            "OPTIONS": {
                **options,
                "context_processors": [*options.get("context_processors", ()), *processors],
                "loaders": [("django.template.loaders.cached.Loader", loaders)],
            },
        },
    ]


FIGURE = {"data": [{"type": "bar", "y": [3, 1, 2]}], "layout": {"title": {"text": "Three"}}}


async def read_later() -> str:
    return "later"


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


def words(component: Component) -> str:
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html_of(component))).split())
    return re.sub(r" (?=[,:])", "", text)


def strip(held: Any) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", str(held))


def everything(each: Any) -> Any:
    """Return the attributes of a layout object and of all objects in it."""
    return each if isinstance(each, str) else [vars(each), *map(everything, each.children)]


def html_of(component: Component) -> str:
    context = {"component": component, "rendered_value": component.get_value()}
    return render_to_string(component.template, context)


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
    """A row with a URL that a user has typed."""

    def __init__(self, url: str) -> None:
        self.name, self.url = "thing", url

    def get_absolute_url(self) -> str:
        return self.url
