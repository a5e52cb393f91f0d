"""Users, requests and permission classes of the tests of permissions."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from django.test import Client, RequestFactory

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.permissions import BasePermission

NOBODY, MEMBER, STAFF = AnonymousUser(), User(username="member"), User(username="s", is_staff=True)

PAGE, COMPONENT, STREAM = "", "@component/secret/", "@stream/"
BATCH = "@components/secret/"
ALL = [PAGE, COMPONENT, BATCH, STREAM]


def sign_in(client: Client, *, staff: bool = False) -> None:
    client.force_login(User.objects.create_user("user", is_staff=staff))


class IsOpen(BasePermission):
    """Allows one object."""

    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj == "open")


class IsPolite(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("please") == "yes"


class AsyncStaff(BasePermission):
    async def has_permission(self, request: HttpRequest) -> bool:
        user = await request.auser()
        return bool(user.is_staff)


def guarded(name: str, *permission_classes: Any, secret: str) -> type[Dashboard]:
    """Declare a dashboard of this name with a live component ``secret``."""
    meta = {"app_label": "site", "permission_classes": permission_classes}
    members = {"secret": Stat(value=secret, live=True), "Meta": type("Meta", (), meta)}
    return type(name, (Dashboard,), members)


def answering(answer: Any) -> type[BasePermission]:
    """Return a permission class that gives this answer."""
    return type("Answering", (BasePermission,), {"has_permission": lambda self, request: answer})


def request_of(user: Any = None, **query: str) -> HttpRequest:
    """Return a request of a user, or of the anonymous one, with this query."""
    request = RequestFactory().get("/", query)
    request.user = AnonymousUser() if user is None else user

    async def auser() -> Any:
        return request.user

    request.auser = auser
    return request


BY_NOBODY, BY_STAFF = request_of(AnonymousUser()), request_of(User(username="s", is_staff=True))
