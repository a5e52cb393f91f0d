"""Who may open what: the classes alone, and the views they guard."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client, RequestFactory
from pytest_django import Settings

from dashboards.component import Chart, Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import push
from dashboards.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from tests.addresses import addresses
from tests.site.dashboards import Mixed

NOBODY, MEMBER, STAFF = AnonymousUser(), User(username="member"), User(username="s", is_staff=True)


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        (BasePermission, [NOBODY, MEMBER, STAFF]),
        (AllowAny, [NOBODY, MEMBER, STAFF]),
        (IsAuthenticated, [MEMBER, STAFF]),
        (IsAdminUser, [STAFF]),
    ],
)
def test_a_class_allows(permission: type[BasePermission], allowed: list[Any]):
    for user in (NOBODY, MEMBER, STAFF):
        request = RequestFactory().get("/")
        request.user = user
        assert permission().has_permission(request) is (user in allowed)
        assert permission().has_object_permission(request, object()) is True


@pytest.mark.parametrize("permission", [IsAuthenticated, IsAdminUser])
def test_without_the_middleware_a_class_that_asks_for_the_user_says_what_to_add(
    permission: type[BasePermission],
):
    with pytest.raises(ImproperlyConfigured) as raised:
        permission().has_permission(RequestFactory().get("/"))

    assert str(raised.value) == (
        "A permission class asked for request.user, which is not there: add "
        "django.contrib.auth.middleware.AuthenticationMiddleware to MIDDLEWARE."
    )


def test_without_the_middleware_everybody_may_open_what_all_may():
    assert AllowAny().has_permission(RequestFactory().get("/"))


class AsksOnlyForObjects(BasePermission):
    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj == "open")


class Refuses(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("please") == "yes"


class Everybody(Dashboard):
    secret = Stat(value="for all", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (AllowAny,)


class Members(Dashboard):
    secret = Stat(value="for members", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (IsAuthenticated,)


class Staff(Dashboard):
    secret = Stat(value="for staff", live=True)

    class Meta:
        app_label = "site"
        permission_classes = ("dashboards.permissions.IsAdminUser",)


class Polite(Dashboard):
    secret = Stat(value="for the polite", live=True)

    class Meta:
        app_label = "site"
        permission_classes = (Refuses,)


class Unsaid(Dashboard):
    """Guarded by whatever the setting says."""

    secret = Stat(value="for whom the setting says", live=True)

    class Meta:
        app_label = "site"


class Both(Dashboard):
    class Meta:
        permission_classes = (IsAdminUser, AsksOnlyForObjects)


class Loud(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("loud") == "yes"


class Combined(Dashboard):
    secret = Stat(value="for the quiet", live=True)

    class Meta:
        app_label = "site"
        permission_classes = ((Refuses & ~Loud) | IsAdminUser,)


class IsCalledOpen(BasePermission):
    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj.name == "open")


class About(ModelDashboard):
    """Of some groups everybody sees all, of others only staff."""

    all = Stat(live=True)
    secret = Stat(live=True, permission_classes=[IsCalledOpen | IsAdminUser])

    class Meta:
        app_label = "site"
        model = Group
        permission_classes = (AllowAny,)


class Owned(ModelDashboard):
    """Its query is of no use to those who are not signed in: their user has no number."""

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
    """Its permission counts on an object."""

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(self.object.name == "open")

    class Meta:
        app_label = "site"
        model = Group


urlpatterns = addresses(
    Everybody, Members, Staff, Polite, Unsaid, Combined, About, Owned, OfStaff, Named
)
served = pytest.mark.urls(__name__)

PAGE, COMPONENT, STREAM = "", "@component/secret/", "@stream/"
BATCH = "@components/secret/"
ALL = [PAGE, COMPONENT, BATCH, STREAM]


@pytest.fixture
def client(client: Client, db: None) -> Client:
    return client


def sign_in(client: Client, *, staff: bool = False) -> None:
    client.force_login(User.objects.create_user("user", is_staff=staff))


@served
@pytest.mark.parametrize("dashboard", ["members", "staff"])
def test_a_page_sends_the_anonymous_to_log_in_and_back(client: Client, dashboard: str):
    response = client.get(f"/site/{dashboard}/", {"year": "2024"})

    assert response.status_code == 302
    assert response["Location"] == f"/login/?next=/site/{dashboard}/%3Fyear%3D2024"


@served
@pytest.mark.parametrize("dashboard", ["members", "staff"])
@pytest.mark.parametrize("path", [COMPONENT, BATCH, STREAM, "@component/unknown/"])
def test_a_component_and_a_stream_refuse_the_anonymous(client: Client, dashboard: str, path: str):
    response = client.get(f"/site/{dashboard}/{path}")

    assert response.status_code == 403
    assert b"for members" not in response.content
    assert b"for staff" not in response.content


@served
@pytest.mark.parametrize("path", ALL)
def test_who_is_signed_in_but_not_allowed_is_refused_everywhere(client: Client, path: str):
    sign_in(client)

    response = client.get(f"/site/staff/{path}")

    assert response.status_code == 403
    assert b"for staff" not in response.content


@served
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["head", "post", "put", "delete", "options"])
def test_no_method_opens_a_way_in(client: Client, path: str, method: str):
    sign_in(client)

    assert getattr(client, method)(f"/site/staff/{path}").status_code == 403


@served
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("dashboard", ["everybody", "members", "staff"])
def test_staff_may_open_all_of_them(client: Client, dashboard: str, path: str):
    sign_in(client, staff=True)

    assert client.get(f"/site/{dashboard}/{path}").status_code == 200


@served
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("dashboard", ["everybody", "members"])
def test_a_member_may_open_what_is_for_members(client: Client, dashboard: str, path: str):
    sign_in(client)

    assert client.get(f"/site/{dashboard}/{path}").status_code == 200


@served
@pytest.mark.parametrize("path", ALL)
def test_the_anonymous_may_open_what_is_for_everybody(client: Client, path: str):
    assert client.get(f"/site/everybody/{path}").status_code == 200


@served
def test_staff_see_the_value(client: Client):
    sign_in(client, staff=True)

    assert "for staff" in client.get("/site/staff/").content.decode()


@served
@pytest.mark.parametrize("path", ALL)
def test_access_is_asked_anew_for_every_request(client: Client, path: str):
    sign_in(client, staff=True)
    assert client.get(f"/site/staff/{path}").status_code == 200

    User.objects.update(is_staff=False)

    assert client.get(f"/site/staff/{path}").status_code == 403


@served
@pytest.mark.parametrize("path", ALL)
def test_who_is_no_longer_active_is_anonymous(client: Client, path: str):
    sign_in(client, staff=True)
    User.objects.update(is_active=False)

    assert client.get(f"/site/staff/{path}").status_code == (302 if path == PAGE else 403)


@served
@pytest.mark.parametrize("path", ALL)
def test_a_permission_that_users_write_guards_alike(client: Client, path: str):
    sign_in(client, staff=True)

    assert client.get(f"/site/polite/{path}").status_code == 403
    assert client.get(f"/site/polite/{path}", {"please": "yes"}).status_code == 200


@served
@pytest.mark.parametrize("path", ALL)
def test_a_combination_guards_alike(client: Client, path: str):
    def ask(query: str) -> int:
        return client.get(f"/site/combined/{path}?{query}").status_code

    refused = 302 if path == PAGE else 403
    assert [ask(each) for each in ("please=yes", "", "please=yes&loud=yes", "please=%00")] == [
        200, refused, refused, refused
    ]  # fmt: skip
    sign_in(client, staff=True)
    assert ask("loud=yes") == 200


@served
@pytest.mark.django_db(transaction=True)
def test_a_component_that_asks_about_the_object_guards_itself_on_all_ways(client: Client):
    groups = [Group.objects.create(name=name) for name in ("open", "shut")]
    for group in groups:
        push(About(object=group), all="for all", secret="classified")

    def is_told(group: Group) -> bool:
        url = About(object=group).get_absolute_url()
        ways = (PAGE, COMPONENT, "@components/all,secret/", STREAM)
        page, component, batch, stream = (client.get(f"{url}{path}") for path in ways)
        _menus, shown = page.content.decode().split("<main")
        streamed = stream.content.decode()
        told = "secret" in shown
        for content in (shown, streamed):
            assert "for all" in content
        assert "classified" not in streamed, "each page loads it"
        assert ("classified" in shown) is told
        assert ("classified" in component.content.decode()) is told
        assert component.status_code == (200 if told else 404)
        assert set(batch.json()["ready"]) == ({"all", "secret"} if told else {"all"})
        assert told or "secret" not in streamed
        return told

    assert [is_told(group) for group in groups] == [True, False]
    sign_in(client, staff=True)
    assert is_told(groups[1])


@served
@pytest.mark.parametrize("path", ALL)
def test_the_setting_guards_where_meta_says_nothing(client: Client, settings: Settings, path: str):
    assert client.get(f"/site/unsaid/{path}").status_code == 200

    settings.DASHBOARDS = {"PERMISSION_CLASSES": ["dashboards.permissions.IsAuthenticated"]}

    assert client.get(f"/site/unsaid/{path}").status_code == (302 if path == PAGE else 403)


# Without the authentication middleware.


@pytest.fixture
def _without_users(settings: Settings) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "auth" not in each]


@served
@pytest.mark.usefixtures("_without_users")
@pytest.mark.parametrize("path", ALL)
def test_a_site_without_users_can_have_dashboards_for_everybody(client: Client, path: str):
    assert client.get(f"/site/everybody/{path}").status_code == 200


@served
@pytest.mark.usefixtures("_without_users")
@pytest.mark.parametrize("path", ALL)
def test_a_site_without_users_is_told_what_its_guard_needs(client: Client, path: str):
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware"):
        client.get(f"/site/staff/{path}")


@served
@pytest.mark.usefixtures("_without_users")
@pytest.mark.parametrize("path", ALL)
def test_a_site_without_users_refuses_instead_of_sending_to_log_in(client: Client, path: str):
    assert client.get(f"/site/polite/{path}").status_code == 403


# About an object.


def staff_request() -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = STAFF
    return request


@pytest.mark.parametrize(("thing", "allowed"), [("open", True), ("closed", False), (None, True)])
def test_an_object_is_asked_about_where_there_is_one(thing: str | None, allowed: bool):
    request = staff_request()

    assert Both(request, object=thing).has_permission(request) is allowed


def test_all_of_several_permissions_must_allow():
    request = RequestFactory().get("/")
    request.user = MEMBER

    assert Both(request, object="open").has_permission(request) is False


# Combined.


class IsOpen(BasePermission):
    """Asks for the object only."""

    def has_object_permission(self, request: HttpRequest, obj: Any) -> bool:
        return bool(obj == "open")


class IsPolite(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("please") == "yes"


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
def test_classes_combine_and_ask_about_objects(permission: Any, allowed: set[Any]):
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


def test_a_combination_says_what_it_is_of():
    assert (IsAdminUser | ~IsPolite).__name__ == "(IsAdminUser | ~IsPolite)"


def test_a_union_of_types_is_still_one():
    assert (IsAdminUser | None) is not None
    with pytest.raises(TypeError):
        _ = IsAdminUser & 7


def test_a_combination_guards_a_dashboard():
    class Guarded(Dashboard):
        class Meta:
            permission_classes = (IsAdminUser | IsPolite,)

    request = RequestFactory().get("/", {"please": "yes"})
    request.user = NOBODY
    assert Guarded(request).has_permission(request)
    assert not Guarded(request).has_permission(staff_request_of(NOBODY))


def staff_request_of(user: Any) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


# Of one component.


@pytest.fixture
def _pushed(transactional_db: None) -> None:
    push(Mixed, open="for all", secret="classified")


@pytest.mark.usefixtures("_pushed")
def test_a_component_that_one_may_not_see_is_nowhere(client: Client):
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
def test_whoever_may_see_it_has_all_of_it(client: Client):
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
def test_what_one_may_not_see_is_never_computed_for_them(client: Client):
    """And its dependents do not wait for what is not there."""
    page = client.get("/site/mixed/").content.decode()

    assert "from:#site_mixed-secret" not in page
    assert "after" in page


@pytest.mark.parametrize("key", ["secret%00", "Secret", "+secret", "site.mixed+secret"])
def test_no_name_leads_to_a_guarded_component(client: Client, key: str):
    assert client.get(f"/site/mixed/@component/{key}/").status_code == 404


def test_a_component_asks_about_the_object():
    class About(Dashboard):
        it = Stat(value=1, permission_classes=[IsOpen])

    assert [each.key for each in About(staff_request(), object="open")] == ["it"]
    assert list(About(staff_request(), object="shut")) == []
    assert [each.key for each in About(object="shut")] == ["it"], "a push is nobody's request"


def test_a_series_with_permissions_of_its_own_is_refused():
    with pytest.raises(DeclarationError, match=r"Wrong.it: .* it can have no permission_classes"):

        class Wrong(Dashboard):
            it = Chart(live=True, max_points=3, permission_classes=[IsAdminUser])


@served
@pytest.mark.parametrize("path", ["", "@stream/", "@components/", "@component/x/"])
def test_whoever_may_not_open_any_is_not_told_which_objects_there_are(client: Client, path: str):
    group = Group.objects.create(name="open")
    member = User.objects.create_user("member")

    for name in ("owned", "ofstaff"):
        answers = {client.get(f"/site/{name}/{pk}/{path}").status_code for pk in (group.pk, 0, "x")}
        assert answers == ({403} if path else {302}), name

    client.force_login(member)
    for pk in (group.pk, 0, "x"):
        assert client.get(f"/site/ofstaff/{pk}/{path}").status_code == 403
        assert client.get(f"/site/owned/{pk}/{path}").status_code == 404, "in none of hers"
    member.groups.add(group)
    assert client.get(f"/site/owned/{group.pk}/").status_code == 200


@served
def test_a_permission_that_counts_on_an_object_is_not_asked_about_a_missing_one(client: Client):
    groups = [Group.objects.create(name=name) for name in ("open", "shut")]
    numbers = [0, *(group.pk for group in groups)]

    answers = [client.get(f"/site/named/{number}/@stream/").status_code for number in numbers]

    assert answers == [403, 204, 403]
