"""Permission classes: alone, combined, asynchronous, and with invalid answers."""

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import RequestFactory

from dashboards import permissions
from dashboards.menus.menu import MenuItem
from dashboards.permissions import (
    AllowAny,
    BasePermission,
    IsAdminUser,
    IsAuthenticated,
    grants,
    grants_all,
)
from tests.unit.guards import (
    BY_NOBODY,
    BY_STAFF,
    MEMBER,
    NOBODY,
    STAFF,
    AsyncStaff,
    IsOpen,
    IsPolite,
    answering,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_reported", set())


async def test_grants_awaits_a_permission_inside_an_event_loop():
    # Synchronous code in the thread of an event loop cannot wait for a task of that loop.
    assert grants(AsyncStaff().allows, BY_STAFF) is True
    assert grants(AsyncStaff().allows, BY_NOBODY) is False


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (AsyncStaff, [BY_STAFF]),
        (~AsyncStaff, [BY_NOBODY]),
        (AsyncStaff & AllowAny, [BY_STAFF]),
        (AsyncStaff | IsAdminUser, [BY_STAFF]),
        (~(AsyncStaff | ~AllowAny), [BY_NOBODY]),
    ],
    ids=["alone", "not", "and", "or", "nested"],
)
def test_combined_async_permissions_allow(
    permission: type[BasePermission], allowed: list[HttpRequest]
):
    assert [each for each in (BY_NOBODY, BY_STAFF) if grants(permission().allows, each)] == allowed


ODD = [None, 1, "yes", [], object(), User(username="x")]


@pytest.mark.parametrize("answer", ODD, ids=lambda each: type(each).__name__)
def test_answer_of_another_type_than_bool_refuses_even_inverted(
    answer: Any, caplog: pytest.LogCaptureFixture
):
    unclear = answering(answer)

    with caplog.at_level(logging.ERROR, "dashboards"):
        refused = [
            grants(each().allows, BY_STAFF)
            for each in (unclear, ~unclear, unclear & AllowAny, unclear | unclear)
        ]

    assert refused == [False] * 4
    [record] = caplog.records
    assert record.__dict__["event"] == "permission_unanswered"
    assert "in place of True or False: nobody is let in." in record.getMessage()


def test_async_check_of_a_menu_item_is_awaited():
    async def is_staff(request: HttpRequest) -> bool:
        return bool((await request.auser()).is_staff)

    item = MenuItem(title="Staff", url="/staff/", check_func=is_staff)  # type: ignore[arg-type]

    assert item.bind(BY_NOBODY) is None
    assert item.bind(BY_STAFF) is not None


def test_empty_permissions_allow_as_a_list_only():
    assert grants_all([], BY_NOBODY) is True
    assert grants_all((), BY_NOBODY) is True
    assert grants_all(iter(()), BY_NOBODY) is False
    assert grants_all((each() for each in [IsAuthenticated]), BY_NOBODY) is False


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (BasePermission, [NOBODY, MEMBER, STAFF]),
        (AllowAny, [NOBODY, MEMBER, STAFF]),
        (IsAuthenticated, [MEMBER, STAFF]),
        (IsAdminUser, [STAFF]),
    ],
)
def test_permission_class_allows_users(permission: type[BasePermission], allowed: list[Any]):
    for user in (NOBODY, MEMBER, STAFF):
        request = RequestFactory().get("/")
        request.user = user
        assert permission().has_permission(request) is (user in allowed)
        assert permission().has_object_permission(request, object()) is True


@pytest.mark.parametrize("permission", [IsAuthenticated, IsAdminUser])
def test_permission_without_the_middleware_names_the_middleware(
    permission: type[BasePermission],
):
    with pytest.raises(ImproperlyConfigured) as raised:
        permission().has_permission(RequestFactory().get("/"))

    assert str(raised.value) == (
        "A permission class asked for request.user, which is not there: add "
        "django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE."
    )


def test_allow_any_works_without_the_middleware():
    assert AllowAny().has_permission(RequestFactory().get("/"))


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (IsPolite & IsOpen, {("yes", None), ("yes", "open")}),
        (
            IsPolite | IsOpen,
            {("yes", None), ("yes", "open"), ("yes", "shut"), ("", "open"), ("", None)},
        ),
        (~IsPolite, {("", None), ("", "open"), ("", "shut")}),
        (~IsOpen, {("yes", "shut"), ("", "shut")}),
        (IsPolite & ~IsOpen, {("yes", "shut")}),
        (~(IsPolite | IsOpen), {("", "shut")}),
        (~~IsOpen, {("yes", None), ("", None), ("yes", "open"), ("", "open")}),
        (~AllowAny | IsPolite & IsOpen, {("yes", None), ("yes", "open")}),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_combined_permissions_allow_requests_and_objects(permission: Any, allowed: set[Any]):
    assert issubclass(permission, BasePermission)
    seen = set()
    for please in ("yes", ""):
        request = RequestFactory().get("/", {"please": please})
        for thing in (None, "open", "shut"):
            if permission().allows(request, thing):
                seen.add((please, thing))
            about = permission().has_object_permission(request, thing)
            assert permission().allows(request, thing) is about
    assert seen == allowed


def test_combined_permission_is_named_by_its_parts():
    assert (IsAdminUser | ~IsPolite).__name__ == "(IsAdminUser | ~IsPolite)"


def test_union_with_none_is_a_type_union():
    assert (IsAdminUser | None) is not None
    with pytest.raises(TypeError):
        _ = IsAdminUser & 7
