"""Requests that may open a dashboard, a guarded part of it, or one about an object."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from dashboards import permissions
from dashboards.component import Chart, Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import push
from dashboards.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from tests.addresses import addresses
from tests.site.dashboards import Mixed
from tests.unit.guards import (
    BY_NOBODY,
    BY_STAFF,
    COMPONENT,
    MEMBER,
    NOBODY,
    PAGE,
    STAFF,
    STREAM,
    AsyncStaff,
    IsOpen,
    IsPolite,
    guarded,
    request_of,
    sign_in,
)

pytestmark = pytest.mark.django_db


class AsyncOpenObject(BasePermission):
    async def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.name == "open")


Guarded = guarded("Guarded", AsyncStaff, secret="classified")


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
    """Its permissions are an exhausted iterator."""

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


WAYS = ("", "@component/secret/", "@components/secret/", "@stream/")


served = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_reported", set())


@served
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dashboard", ["guarded", "itself", "used"])
def test_async_or_used_up_permission_refuses_every_view(client: Client, dashboard: str, way: str):
    # `async def has_permission` returned a coroutine, which is true: everybody was allowed.
    response = client.get(f"/site/{dashboard}/{way}")

    assert response.status_code == (302 if way == "" else 403)
    assert b"classified" not in response.content


@served
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dashboard", ["guarded", "itself"])
def test_async_permission_with_true_allows_every_view(client: Client, dashboard: str, way: str):
    client.force_login(User.objects.create_user("s", is_staff=True))

    assert client.get(f"/site/{dashboard}/{way}").status_code == 200


@served
@pytest.mark.parametrize("way", WAYS)
async def test_async_permission_refuses_under_asgi(async_client: AsyncClient, way: str):
    response = await async_client.get(f"/site/guarded/{way}")

    assert response.status_code == (302 if way == "" else 403)


@served
def test_async_permission_hides_a_component_in_every_view(client: Client):
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
def test_async_permission_refuses_an_embedded_dashboard():
    template = engines["django"].from_string(
        "{% load dashboards %}[{% render_dashboard dashboard %}]"
    )
    assert template.render({"dashboard": Guarded(), "request": BY_NOBODY}, BY_NOBODY) == "[]"


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
def test_permission_classes_of_another_type_are_refused(given: Any, words: str):
    # A generator was exhausted by the first check, and later checks allowed everybody.
    def of_meta() -> object:
        return type("Shop", (Dashboard,), {"Meta": type("Meta", (), {"permission_classes": given})})

    def of_component() -> object:
        return type("Shop", (Dashboard,), {"part": Stat(permission_classes=given)})

    def of_instance() -> None:
        Guarded().components["part"] = Stat(permission_classes=given)

    for declare, where in (
        (of_meta, "Shop.Meta.permission_classes"),
        (of_component, "Shop.part: permission_classes"),
        (of_instance, "Guarded.part: permission_classes"),
    ):
        with pytest.raises(DeclarationError) as raised:
            declare()
        assert str(raised.value).startswith(where)
        assert words in str(raised.value)


def test_permission_setting_of_another_type_is_refused(settings: Settings):
    settings.DASHBOARDS = {"PERMISSION_CLASSES": (each for each in [AllowAny])}

    with pytest.raises(DeclarationError, match="must be a list or tuple of permission classes"):
        Part().has_permission(BY_STAFF)


class ObjectPermissionOnly(BasePermission):
    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj == "open")


class Both(Dashboard):
    class Meta:
        permission_classes = (IsAdminUser, ObjectPermissionOnly)


class IsCalledOpen(BasePermission):
    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.name == "open")


class About(ModelDashboard):
    """Everybody sees all of some groups; only staff see all of the others."""

    all = Stat(live=True)
    secret = Stat(live=True, permission_classes=[IsCalledOpen | IsAdminUser])

    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (AllowAny,)


class Owned(ModelDashboard):
    """Its query fails for anonymous users, who have no primary key."""

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[Any]:
        return Group.objects.filter(user=request.user)  # type: ignore[misc] # that is the case

    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (IsAuthenticated,)


class OfStaff(ModelDashboard):
    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (IsAdminUser,)


class Named(ModelDashboard):
    """Its permission needs an object."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(self.object.name == "open")

    class Meta:
        app_label = "site"
        model = Group


urlpatterns = addresses(About, Owned, OfStaff, Named, Guarded, Part, Itself, Used, Grouped)


class Responses(NamedTuple):
    """The responses of the views about one object."""

    page: str
    component: Any
    batch: dict[str, Any]
    stream: str


def get_responses(client: Client, name: str) -> Responses:
    """Push to a group of this name, and request each view about it."""
    group = Group.objects.create(name=name)
    push(About(object=group), all="for all", secret="classified")
    url = About(object=group).get_absolute_url()
    paths = (PAGE, COMPONENT, "@components/all,secret/", STREAM)
    page, component, batch, stream = (client.get(f"{url}{path}") for path in paths)
    _menus, main = page.content.decode().split("<main")
    return Responses(main, component, batch.json()["ready"], stream.content.decode())


@served
@pytest.mark.django_db
@pytest.mark.parametrize(("name", "is_staff"), [("open", False), ("shut", True)])
def test_object_permission_shows_a_component_in_every_view(
    client: Client, *, name: str, is_staff: bool
):
    if is_staff:
        sign_in(client, staff=True)

    responses = get_responses(client, name)

    assert "for all" in responses.page
    assert "secret" in responses.page
    assert "classified" in responses.page
    assert responses.component.status_code == 200
    assert "classified" in responses.component.content.decode()
    assert set(responses.batch) == {"all", "secret"}
    assert "for all" in responses.stream
    assert "classified" not in responses.stream, "each page loads it"


@served
@pytest.mark.django_db
def test_object_permission_hides_a_component_in_every_view(client: Client):
    responses = get_responses(client, "shut")

    assert "for all" in responses.page
    assert "secret" not in responses.page
    assert "classified" not in responses.page
    assert responses.component.status_code == 404
    assert "classified" not in responses.component.content.decode()
    assert set(responses.batch) == {"all"}
    assert "for all" in responses.stream
    assert "secret" not in responses.stream
    assert "classified" not in responses.stream


@pytest.mark.parametrize(("thing", "allowed"), [("open", True), ("closed", False), (None, True)])
def test_object_permission_is_asked_with_an_object_only(thing: str | None, allowed: bool):
    request = request_of(STAFF)

    assert Both(request, object=thing).has_permission(request) is allowed


def test_one_of_several_permissions_refuses():
    request = RequestFactory().get("/")
    request.user = MEMBER

    assert Both(request, object="open").has_permission(request) is False


def test_combined_permissions_guard_a_dashboard():
    class Guarded(Dashboard):
        class Meta:
            permission_classes = (IsAdminUser | IsPolite,)

    request = RequestFactory().get("/", {"please": "yes"})
    request.user = NOBODY
    assert Guarded(request).has_permission(request)
    assert not Guarded(request).has_permission(request_of(NOBODY))


@pytest.fixture
def _pushed() -> None:
    push(Mixed, open="for all", secret="classified")


@pytest.mark.usefixtures("_pushed")
def test_hidden_component_is_in_no_response(client: Client):
    _menus, page = client.get("/site/mixed/").content.decode().split("<main")
    stream = client.get("/site/mixed/@stream/").content.decode()

    for content in (page, stream):
        assert "for all" in content
        for word in ("secret", "classified", "wages", "later"):
            assert word not in content
    assert set(re.findall(r"^event: (.*)$", stream, re.MULTILINE)) == {"open"}, "no marker either"
    for key in ("secret", "wages", "later"):
        answer = client.get(f"/site/mixed/@component/{key}/")
        assert answer.status_code == 404
        assert b"classified" not in answer.content


@pytest.mark.usefixtures("_pushed")
def test_allowed_component_is_in_every_response(client: Client):
    sign_in(client, staff=True)

    page = client.get("/site/mixed/").content.decode()
    stream = client.get("/site/mixed/@stream/").content.decode()

    assert "classified" in page
    assert "wages" in page
    assert "classified" not in stream, "each page loads it, as whom it is shown to"
    for key, words in (("secret", "classified"), ("wages", "wages"), ("later", "later wages")):
        assert words in client.get(f"/site/mixed/@component/{key}/").content.decode()
    [event] = re.findall(r'id="site_mixed-secret-content"[^>]* sse-refresh="([^"]*)"', page)
    assert f"event: {event}\n" in stream


@pytest.mark.usefixtures("_pushed")
def test_dependents_do_not_wait_for_a_hidden_component(client: Client):
    """A dependent has no trigger for a component that is not on the page."""
    page = client.get("/site/mixed/").content.decode()

    assert "from:#site_mixed-secret" not in page
    assert "after" in page


@pytest.mark.parametrize("key", ["secret%00", "Secret", "+secret", "site.mixed+secret"])
def test_other_spellings_of_a_hidden_key_are_not_found(client: Client, key: str):
    assert client.get(f"/site/mixed/@component/{key}/").status_code == 404


def test_object_permission_of_a_component_gets_the_object():
    class About(Dashboard):
        it = Stat(value=1, permission_classes=[IsOpen])

    assert [each.key for each in About(request_of(STAFF), object="open")] == ["it"]
    assert list(About(request_of(STAFF), object="shut")) == []
    assert [each.key for each in About(object="shut")] == ["it"], "a push is nobody's request"


def test_series_with_permissions_is_refused():
    with pytest.raises(DeclarationError, match=r"Wrong.it: .* it can have no permission_classes"):

        class Wrong(Dashboard):
            it = Chart(live=True, max_points=3, permission_classes=[IsAdminUser])


@served
def test_missing_and_forbidden_objects_have_the_same_status(client: Client):
    group = Group.objects.create(name="open")
    member = User.objects.create_user("member")
    addresses = [
        (path, f"{pk}/{path}")
        for path in ("", "@stream/", "@components/", "@component/x/")
        for pk in (group.pk, 0, "x")
    ]

    for path, address in addresses:
        for name in ("owned", "ofstaff"):
            answer = client.get(f"/site/{name}/{address}")
            assert answer.status_code == (403 if path else 302), (name, address)

    client.force_login(member)
    for _, address in addresses:
        assert client.get(f"/site/ofstaff/{address}").status_code == 403, address
        assert client.get(f"/site/owned/{address}").status_code == 404, address
    member.groups.add(group)
    assert client.get(f"/site/owned/{group.pk}/").status_code == 200


@served
def test_permission_of_a_missing_object_is_not_asked(client: Client):
    groups = [Group.objects.create(name=name) for name in ("open", "shut")]
    numbers = [0, *(group.pk for group in groups)]

    answers = [client.get(f"/site/named/{number}/@stream/").status_code for number in numbers]

    assert answers == [403, 204, 403]
