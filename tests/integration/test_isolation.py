"""Two users on one dashboard at once: declarations stay as they are, values stay apart."""

import copy
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from typing import Any, ClassVar
from unittest import mock

import pytest
from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from dashboards.component import (
    CTA,
    BasicTable,
    Chart,
    Drawing,
    Form,
    Gauge,
    Map,
    Progress,
    Stat,
    Table,
    Text,
)
from dashboards.component.layout import Card, ComponentLayout, Div, Tab, TabContainer
from dashboards.dashboard import Dashboard
from dashboards.live import Every, push
from dashboards.menus.menu import Menu, MenuItem
from dashboards.menus.registry import MenuRegistry
from dashboards.views import ComponentsView, ComponentView, PageView
from tests.addresses import addresses
from tests.harness import as_read
from tests.unit.component.support import Say, everything, strip
from tests.unit.dashboard.support import Badge

_meeting = threading.Barrier(2)


def get_text_of_user(request: HttpRequest, filters: Mapping[str, Any]) -> str:
    """Return a text for this user alone, once both users are in the middle of a page."""
    _meeting.wait(timeout=10)
    return f"{request.user}'s own, {filters['round']}"


def rows_of_user(request: HttpRequest, filters: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"who": get_text_of_user(request, filters)}]


def figure_of_user(request: HttpRequest, filters: Mapping[str, Any]) -> dict[str, Any]:
    return {"layout": {"title": get_text_of_user(request, filters)}, "data": []}


async def await_user(request: HttpRequest, filters: Mapping[str, Any]) -> str:
    return get_text_of_user(request, filters)


@dataclass
class Lines(Drawing):
    element: ClassVar[str] = "test-lines"


class Round(forms.Form):
    round = forms.IntegerField(required=False)


class Own(Dashboard):
    """Every kind of component, all with values of the user who looks."""

    stat = Stat(value=get_text_of_user, title="Stat", icon="star", css_classes="wide")
    text = Text(value=get_text_of_user, poll_rate=5, cta=CTA("/more/"))
    chart = Chart(value=figure_of_user, dependents=["text"])
    world = Map(value=figure_of_user)
    lines = Lines(value=rows_of_user)
    table = Table(value=rows_of_user)
    basic = BasicTable(value=rows_of_user)
    form = Form(
        form=Say,
        value=lambda request, filters: {"what": get_text_of_user(request, filters)},
        method="post",
        submit_url="/said/",
    )
    prose = Text(value=get_text_of_user, markup="markdown")
    awaited = Text(value=await_user)
    gauge = Gauge(value=lambda **kwargs: {"value": 5, "text": kwargs["request"].user.username})
    progress = Progress()
    badge = Badge(value=get_text_of_user)
    later = Text(defer=get_text_of_user)
    deferred = Stat(value=get_text_of_user, defer=True)
    pushed = Text(live=True)
    turning = Stat(value=lambda: "for everybody", live=Every(seconds=60))

    class Meta:
        app_label = "site"
        filter_form = Round

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Card("stat", "text", "chart", heading="Card", actions=[("/more/", "More")]),
            TabContainer(Tab("Same", "world", "lines"), Tab("Same", Div("table", "basic"))),
            *("form", "prose", "awaited", "gauge", "progress", "badge", "later", "deferred"),
            *("pushed", "turning"),
        )

    def get_progress_value(self) -> dict[str, Any]:
        assert self.request is not None
        return {"value": len(self.request.user.username), "text": self.request.user.username}


urlpatterns = addresses(Own)


VISITED = ("later", "deferred", "stat", "chart")


BELOW = MenuItem(title="Below", url="/below/")


ITEM = MenuItem(title="Shared", url=lambda request: f"/of/{request.user}/", children=[BELOW])


class Shared(Menu):
    name = "Shared"

    @classmethod
    def get_items(cls, obj: Any = None) -> Sequence[MenuItem]:
        return [ITEM]


def snapshot() -> tuple[Any, ...]:
    """Return a copy of all that is declared, down to the last list."""
    items = [{**vars(each), "children": str(each.children)} for each in (ITEM, BELOW)]
    return copy.deepcopy(dict(Own.declared)), strip(everything(Own.Layout.components)), items


def visit(name: str, rounds: int) -> list[str]:
    """Load the page and its later components as one user, over and over."""
    page, component, components = (
        view.as_view(dashboard_class=Own) for view in (PageView, ComponentView, ComponentsView)
    )
    seen = []
    for turn in range(rounds):
        request = RequestFactory().get("/", {"round": str(turn)})
        request.user = User(username=name)
        responses: list[Any] = [page(request)]
        responses += [component(request, key=key) for key in VISITED]
        # Only values that do not wait for the other user: a batch leaves slow ones out.
        responses += [components(request, keys="gauge,progress")]
        assert responses[-1].content.count(f">{name}<".encode()) == 2
        seen.append(as_read(unescape(b"".join(each.content for each in responses).decode())))
    return seen


@dataclass(frozen=True)
class Visits:
    """The pages of two users at once, and the declarations before and after."""

    seen: dict[str, list[str]]
    before: tuple[Any, ...]
    after: tuple[Any, ...]

    @property
    def pages(self) -> Iterator[tuple[str, int, str]]:
        """Each user, round and its responses."""
        for user, pages in self.seen.items():
            for turn, page in enumerate(pages):
                yield user, turn, page


ROUNDS, USERS = 100, ("alice-of-sales", "bob-of-support")


@pytest.fixture(scope="module")
def visits() -> Visits:
    """Let two users visit the dashboard at once, each in a thread."""
    registry = MenuRegistry()
    registry.register(Shared)
    memory = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
    # Long enough that each page has the value for everybody, even on a busy machine.
    given = {"STORES": {"default": memory}, "PAGE_WAIT_SECONDS": 20}
    with (
        override_settings(ROOT_URLCONF=__name__, DASHBOARDS=given),
        mock.patch("dashboards.menus.registry.menu_registry", registry),
    ):
        before = snapshot()
        push(Own, "pushed", "for all")
        with ThreadPoolExecutor(2) as threads:
            seen = dict(zip(USERS, threads.map(visit, USERS, [ROUNDS, ROUNDS]), strict=True))
        return Visits(seen, before, snapshot())


def test_two_users_at_once_get_only_their_own_values(visits: Visits):
    for user, turn, page in visits.pages:
        assert not any(other in page for other in USERS if other != user)
        # Eleven on the page, and one for each of later, deferred, stat and chart.
        assert page.count(f"{user}'s own, {turn}") == 15
        assert page.count(f"'s own, {turn}") == 15


def test_two_users_at_once_get_the_values_for_everybody(visits: Visits):
    assert [len(pages) for pages in visits.seen.values()] == [ROUNDS, ROUNDS]
    for _, _, page in visits.pages:
        assert "for all" in page
        assert "for everybody" in page


def test_two_users_at_once_get_their_own_menu_and_filters(visits: Visits):
    for user, turn, page in visits.pages:
        assert f'href="/of/{user}/"' in page
        assert f'name="round" value="{turn}"' in page


def test_two_users_at_once_leave_the_declarations_unchanged(visits: Visits):
    assert visits.after == visits.before
