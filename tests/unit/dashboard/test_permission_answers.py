"""Only the value True of a finished answer lets in, on each way in.

A coroutine is true, a queryset is true, and of a used-up iterator all is true: a permission that
could not say no said yes.
"""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.http import HttpRequest
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from dashboards import permissions
from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import DeclarationError
from dashboards.menus.menu import MenuItem
from dashboards.permissions import (
    AllowAny,
    BasePermission,
    IsAdminUser,
    IsAuthenticated,
    grants,
    grants_all,
)
from tests.addresses import addresses


class AsyncStaff(BasePermission):
    async def has_permission(self, request: HttpRequest) -> bool:
        user = await request.auser()
        return bool(user.is_staff)


class AsyncOpenObject(BasePermission):
    async def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.name == "open")


def answering(answer: Any) -> type[BasePermission]:
    return type("Answering", (BasePermission,), {"has_permission": lambda self, request: answer})


class Guarded(Dashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (AsyncStaff,)


class Part(Dashboard):
    secret = Stat(value="classified", live=True, permission_classes=[AsyncStaff])
    open = Stat(value="for all", live=True)

    class Meta:
        app_label = "site"


class Itself(Dashboard):
    secret = Stat(value="classified", live=True)

    async def has_permission(self, request: HttpRequest) -> bool:  # type: ignore[override]
        return bool((await request.auser()).is_staff)

    class Meta:
        app_label = "site"


class Used(Dashboard):
    """Its permissions are an iterator that has been used up."""

    secret = Stat(value="classified", live=True)
    used: Iterator[BasePermission] = iter(())

    def get_permissions(self) -> Any:
        return self.used

    class Meta:
        app_label = "site"


class Grouped(ModelDashboard):
    secret = Stat(value="classified", live=True)

    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (AsyncOpenObject,)


urlpatterns = addresses(Guarded, Part, Itself, Used, Grouped)
WAYS = ("", "@component/secret/", "@components/secret/", "@stream/")
served = pytest.mark.urls(__name__)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_reported", set())


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user

    async def auser() -> Any:
        return user

    request.auser = auser
    return request


NOBODY, STAFF = request_of(AnonymousUser()), request_of(User(username="s", is_staff=True))


@served
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dashboard", ["guarded", "itself", "used"])
def test_async_or_used_up_permission_refuses_on_every_way(client: Client, dashboard: str, way: str):
    # `async def has_permission` returned a coroutine, which is true: everybody was let in.
    response = client.get(f"/site/{dashboard}/{way}")

    assert response.status_code == (302 if way == "" else 403)
    assert b"classified" not in response.content


@served
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dashboard", ["guarded", "itself"])
def test_async_permission_that_answers_true_lets_in_on_every_way(
    client: Client, dashboard: str, way: str
):
    client.force_login(User.objects.create_user("s", is_staff=True))

    assert client.get(f"/site/{dashboard}/{way}").status_code == 200


@served
@pytest.mark.parametrize("way", WAYS)
async def test_async_permission_refuses_under_asgi(async_client: AsyncClient, way: str):
    response = await async_client.get(f"/site/guarded/{way}")

    assert response.status_code == (302 if way == "" else 403)


@served
def test_async_permission_of_a_component_hides_it_on_every_way(client: Client):
    page, component, batch, stream = (client.get(f"/site/part/{way}") for way in WAYS)

    assert b"classified" not in page.content + stream.content
    assert b"for all" in page.content
    assert (component.status_code, batch.status_code) == (404, 404)


@served
def test_async_object_permission_is_asked_of_the_object(client: Client):
    is_let_in = []
    for name in ("open", "shut"):
        group = Group.objects.create(name=name)
        is_let_in.append(client.get(f"/site/grouped/{group.pk}/").status_code == 200)

    assert is_let_in == [True, False]


@served
def test_async_permission_keeps_a_dashboard_out_of_a_page_of_ones_own():
    template = engines["django"].from_string(
        "{% load dashboards %}[{% render_dashboard dashboard %}]"
    )
    assert template.render({"dashboard": Guarded(), "request": NOBODY}, NOBODY) == "[]"


async def test_permission_is_awaited_by_sync_code_that_an_event_loop_runs():
    # Sync code in a loop's own thread cannot wait for a task of that loop.
    assert grants(AsyncStaff().allows, STAFF) is True
    assert grants(AsyncStaff().allows, NOBODY) is False


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (AsyncStaff, [STAFF]),
        (~AsyncStaff, [NOBODY]),
        (AsyncStaff & AllowAny, [STAFF]),
        (AsyncStaff | IsAdminUser, [STAFF]),
        (~(AsyncStaff | ~AllowAny), [NOBODY]),
    ],
    ids=["alone", "not", "and", "or", "nested"],
)
def test_combined_async_permissions_let_in_as_they_say(
    permission: type[BasePermission], allowed: list[HttpRequest]
):
    assert [each for each in (NOBODY, STAFF) if grants(permission().allows, each)] == allowed


ODD = [None, 1, "yes", [], object(), User(username="x")]


@pytest.mark.parametrize("answer", ODD, ids=lambda each: type(each).__name__)
def test_answer_that_is_no_bool_refuses_alone_and_turned_around(
    answer: Any, caplog: pytest.LogCaptureFixture
):
    odd = answering(answer)

    with caplog.at_level(logging.ERROR, "dashboards"):
        refused = [grants(each().allows, STAFF) for each in (odd, ~odd, odd & AllowAny, odd | odd)]

    assert refused == [False] * 4
    [record] = caplog.records
    assert record.__dict__["event"] == "permission_unanswered"
    assert "in place of True or False: nobody is let in." in record.getMessage()


def test_check_of_a_menu_item_may_be_async():
    async def is_staff(request: HttpRequest) -> bool:
        return bool((await request.auser()).is_staff)

    item = MenuItem(title="Staff", url="/staff/", check_func=is_staff)  # type: ignore[arg-type]

    assert item.bind(NOBODY) is None
    assert item.bind(STAFF) is not None


def test_no_permissions_let_in_only_as_a_list_that_was_written():
    assert grants_all([], NOBODY) is True
    assert grants_all((), NOBODY) is True
    assert grants_all(iter(()), NOBODY) is False
    assert grants_all((each() for each in [IsAuthenticated]), NOBODY) is False


def test_permission_classes_become_a_tuple_when_they_are_declared():
    written: list[Any] = [AllowAny]

    class Listed(Dashboard):
        part = Stat(permission_classes=written)

        class Meta:
            permission_classes = written

    written.clear()

    assert Listed._meta.permission_classes == (AllowAny,)
    assert Listed.declared["part"].permission_classes == (AllowAny,)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            (each for each in [IsAdminUser]),
            "must be a list or tuple of permission classes, got <gen",
        ),
        ({IsAdminUser}, "must be a list or tuple of permission classes, got {<class"),
        (IsAdminUser, "must be a list or tuple of permission classes, got <class"),
        (
            "dashboards.permissions.IsAdminUser",
            "must be a list or tuple of permission classes, got",
        ),
        ([IsAdminUser()], "It is an instance: name the class."),
        ([Stat], "must hold subclasses of BasePermission or dotted paths to them, got <class"),
        ([None], "must hold subclasses of BasePermission or dotted paths to them, got None."),
    ],
    ids=["generator", "set", "class", "text", "instance", "other class", "nothing"],
)
def test_permission_classes_that_are_no_list_of_classes_are_refused(given: Any, words: str):
    # A generator was used up by the first question, and from then on nobody was asked.
    def of_meta() -> object:
        return type("Shop", (Dashboard,), {"Meta": type("Meta", (), {"permission_classes": given})})

    def of_component() -> object:
        return type("Shop", (Dashboard,), {"part": Stat(permission_classes=given)})

    def of_instance() -> None:
        Guarded().components["part"] = Stat(permission_classes=given)

    for declare, where in (
        (of_meta, "Meta.permission_classes"),
        (of_component, "Shop.part: permission_classes"),
        (of_instance, "Guarded.part: permission_classes"),
    ):
        with pytest.raises(DeclarationError) as raised:
            declare()
        assert str(raised.value).startswith(where)
        assert words in str(raised.value)


def test_setting_that_is_no_list_lets_nobody_in(settings: Settings):
    settings.DASHBOARDS = {"PERMISSION_CLASSES": (each for each in [AllowAny])}

    with pytest.raises(DeclarationError, match="must be a list or tuple of permission classes"):
        Part().has_permission(STAFF)
