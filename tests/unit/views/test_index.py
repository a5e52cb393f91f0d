"""The index at the root of ``dashboards.urls``: it lists what a request may open."""

import re

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client, override_settings

from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.permissions import IsAdminUser, IsAuthenticated
from dashboards.registry import Registry
from tests.addresses import addresses


class Open(Dashboard):
    class Meta:
        app_label = "auth"


class Closed(Dashboard):
    class Meta:
        app_label = "auth"
        name = "<Closed>"
        permission_classes = (IsAdminUser,)


class Hidden(Dashboard):
    class Meta:
        app_label = "auth"
        include_in_menu = False


class Person(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User
        permission_classes = (IsAuthenticated,)

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[User]:
        return User.objects.exclude(username="eve").order_by("username")


class Report(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User
        name = "Report <of>"


class Broken(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[User]:
        raise RuntimeError


class Own(ModelDashboard):
    class Meta:
        app_label = "auth"
        model = User
        permission_classes = (IsAuthenticated,)

    @classmethod
    def get_queryset(cls, request: HttpRequest) -> QuerySet[User]:
        assert request.user.is_authenticated
        raise FieldDoesNotExist


urlpatterns = addresses(Open, Closed, Hidden, Person, Report, Broken, Own)
pytestmark = [
    pytest.mark.urls(__name__),
    pytest.mark.django_db,
    pytest.mark.usefixtures("_registered"),
]
LINK = re.compile(r'<a href="([^"]+)">([^<]+)</a>')


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """Return a registry without the dashboards of other tests."""
    registry = Registry()
    for place in ("views.index", "menus.menu"):
        monkeypatch.setattr(f"dashboards.{place}.registry", registry)
    return registry


@pytest.fixture
def _registered(registry: Registry) -> None:
    for each in (Open, Closed, Hidden, Person):
        registry.register(each)


def links(client: Client) -> dict[str, str]:
    response = client.get("/")
    assert response.status_code == 200
    return dict(LINK.findall(response.content.decode()))


@pytest.mark.parametrize("path", ["/", "/auth/open/"])
def test_page_has_the_picker_of_the_theme_unless_the_site_takes_it_away(client: Client, path: str):
    def has_picker() -> tuple[bool, bool]:
        html = client.get(path).content.decode()
        return 'name="dashboards-theme"' in html, "js/themes.js" in html

    assert has_picker() == (True, True)
    with override_settings(DASHBOARDS={"THEME_PICKER": False}):
        assert has_picker() == (False, False)


def test_anonymous_request_is_shown_what_everybody_may_open(client: Client):
    assert links(client) == {"/auth/open/": "Open"}


def test_staff_is_shown_restricted_dashboards_and_objects_with_escaped_titles(client: Client):
    admin = User.objects.create(username="ann", is_staff=True)
    User.objects.create(username="eve")
    client.force_login(admin)
    assert links(client) == {
        "/auth/open/": "Open",
        "/auth/closed/": "&lt;Closed&gt;",
        f"/auth/person/{admin.pk}/": "ann",
    }


def test_model_dashboard_with_many_objects_lists_the_first_twenty(client: Client):
    for number in range(30):
        User.objects.create(username=f"user {number:02}")
    client.force_login(User.objects.get(username="user 00"))
    listed = [title for title in links(client).values() if title.startswith("user")]
    assert listed == [f"user {number:02}" for number in range(20)]


def test_model_dashboard_with_a_name_lists_objects_by_their_texts(
    client: Client, registry: Registry
):
    """Regression: each entry had the name of the dashboard, so that all links were equal."""
    registry.register(Report)
    users = [User.objects.create(username=name) for name in ("ann", "<ben>")]

    assert links(client) == {
        "/auth/open/": "Open",
        f"/auth/report/{users[0].pk}/": "ann",
        f"/auth/report/{users[1].pk}/": "&lt;ben&gt;",
    }
    assert '<span class="dashboards-index-heading">Report &lt;of&gt;</span>' in (
        client.get("/").content.decode()
    )


@override_settings(DASHBOARDS={"RAISE_VALUE_ERRORS": False})
def test_dashboard_whose_code_raises_is_left_out(client: Client, registry: Registry):
    registry.register(Broken)
    assert "/auth/open/" in links(client)


def test_queryset_that_expects_a_user_fails_no_request_that_is_refused(
    client: Client, registry: Registry, caplog: pytest.LogCaptureFixture
):
    """Regression: get_queryset() raised for each anonymous request, which was logged as an error,
    and failed the tests of the project. The dashboard's own page answers such a request 302."""
    registry.register(Own)
    assert links(client) == {"/auth/open/": "Open"}
    assert caplog.records == []
    assert client.get("/auth/own/1/").status_code == 302
    client.force_login(User.objects.create(username="ben"))
    with pytest.raises(FieldDoesNotExist):
        client.get("/")


def test_answer_is_kept_out_of_caches(client: Client):
    assert "no-store" in client.get("/")["Cache-Control"]


def test_anonymous_request_that_may_open_nothing_is_sent_to_the_login(
    client: Client, registry: Registry
):
    registry._registry.clear()
    registry.register(Closed)
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/login/?next=/")


def test_user_who_may_open_nothing_is_told_so(client: Client, registry: Registry):
    registry._registry.clear()
    registry.register(Closed)
    client.force_login(User.objects.create(username="ben"))
    assert "There is no dashboard that you may open." in client.get("/").content.decode()
