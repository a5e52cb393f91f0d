"""Access to pages, components and streams, and what caches may keep of them."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import Client, override_settings
from pytest_django import Settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.permissions import AllowAny, BasePermission, IsAdminUser, IsAuthenticated
from tests.addresses import addresses
from tests.unit.guards import ALL, BATCH, COMPONENT, PAGE, STREAM, sign_in

pytestmark = pytest.mark.django_db


CACHED = override_settings(
    MIDDLEWARE=[
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/site/mine/", 200),
        ("/site/mixed/", 200),
        ("/site/live/", 200),
        ("/site/live/@stream/?hold=0", 200),
        ("/site/live/@component/greeting/", 200),
        ("/site/live/@component/none/", 404),
        ("/site/deferred/@components/a/", 404),
        ("/books/shelf/@component/books/?books-export=csv", 200),
        ("/site/staff/", 403),
        ("/site/staff/@stream/", 403),
    ],
)
def test_answer_to_somebody_is_private_and_kept_by_no_cache(client: Client, path: str, status: int):
    """The page said nothing of caches, and Django 5.2's cache middleware kept what one user saw.

    Everything that somebody is shown says ``private, no-store``; two users get their own.
    """
    with CACHED:
        for name in ("ann", "bob"):
            client.force_login(get_user_model().objects.create(username=name))
            answer = client.get(path)

            assert answer.status_code == status
            told = {each.strip() for each in answer["Cache-Control"].split(",")}
            assert {"private", "no-store"} <= told
            assert "Cookie" in answer["Vary"]


def test_redirect_to_login_and_page_with_a_hidden_component_are_private(client: Client):
    for path in ("/site/staff/", "/site/mixed/"):
        answer = client.get(path)

        assert "private" in answer["Cache-Control"]
        assert "no-store" in answer["Cache-Control"]


def test_page_that_everybody_may_see_is_left_to_the_sites_caches(client: Client):
    assert "Cache-Control" not in client.get("/site/quiet/")


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


class Loud(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("loud") == "yes"


class Combined(Dashboard):
    secret = Stat(value="for the quiet", live=True)

    class Meta:
        app_label = "site"
        permission_classes = ((Refuses & ~Loud) | IsAdminUser,)


urlpatterns = addresses(Everybody, Members, Staff, Polite, Unsaid, Combined)


served = pytest.mark.urls(__name__)


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
@pytest.mark.parametrize("path", ALL)
def test_the_setting_guards_where_meta_says_nothing(client: Client, settings: Settings, path: str):
    assert client.get(f"/site/unsaid/{path}").status_code == 200

    settings.DASHBOARDS = {"PERMISSION_CLASSES": ["dashboards.permissions.IsAuthenticated"]}

    assert client.get(f"/site/unsaid/{path}").status_code == (302 if path == PAGE else 403)


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
