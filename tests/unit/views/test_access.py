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
from tests.unit.guards import ALL, BATCH, COMPONENT, PAGE, STREAM, IsPolite, guarded, sign_in

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
def test_response_to_a_user_is_private_and_uncached(client: Client, path: str, status: int):
    """Without Cache-Control, the cache middleware of Django 5.2 kept the page of one user.

    Everything that somebody is shown says ``private, no-store``; two users get their own.
    """
    if path.startswith("/books/"):
        pytest.importorskip("django_filters")
        pytest.importorskip("django_tables2")

    with CACHED:
        for name in ("ann", "bob"):
            client.force_login(get_user_model().objects.create(username=name))
            answer = client.get(path)

            assert answer.status_code == status
            directives = {each.strip() for each in answer["Cache-Control"].split(",")}
            assert {"private", "no-store"} <= directives
            assert "Cookie" in answer["Vary"]


def test_login_redirect_and_page_with_hidden_components_are_private(client: Client):
    for path in ("/site/staff/", "/site/mixed/"):
        answer = client.get(path)

        assert "private" in answer["Cache-Control"]
        assert "no-store" in answer["Cache-Control"]


def test_public_page_has_no_cache_control(client: Client):
    assert "Cache-Control" not in client.get("/site/quiet/")


class IsLoud(BasePermission):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.GET.get("loud") == "yes"


Everybody = guarded("Everybody", AllowAny, secret="for all")
Members = guarded("Members", IsAuthenticated, secret="for members")
Staff = guarded("Staff", "dashboards.permissions.IsAdminUser", secret="for staff")
Polite = guarded("Polite", IsPolite, secret="for the polite")
Combined = guarded("Combined", (IsPolite & ~IsLoud) | IsAdminUser, secret="for the quiet")


class Unsaid(Dashboard):
    """Guarded by the permission classes of the setting."""

    secret = Stat(value="by the setting", live=True)

    class Meta:
        app_label = "site"


urlpatterns = addresses(Everybody, Members, Staff, Polite, Unsaid, Combined)


served = pytest.mark.urls(__name__)


@served
@pytest.mark.parametrize("dashboard", ["members", "staff"])
def test_anonymous_user_is_redirected_from_a_page_to_the_login(client: Client, dashboard: str):
    response = client.get(f"/site/{dashboard}/", {"year": "2024"})

    assert response.status_code == 302
    assert response["Location"] == f"/login/?next=/site/{dashboard}/%3Fyear%3D2024"


@served
@pytest.mark.parametrize("dashboard", ["members", "staff"])
@pytest.mark.parametrize("path", [COMPONENT, BATCH, STREAM, "@component/unknown/"])
def test_anonymous_user_is_refused_components_and_streams(
    client: Client, dashboard: str, path: str
):
    response = client.get(f"/site/{dashboard}/{path}")

    assert response.status_code == 403
    assert b"for members" not in response.content
    assert b"for staff" not in response.content


@served
@pytest.mark.parametrize("path", ALL)
def test_member_is_refused_in_every_view_for_staff(client: Client, path: str):
    sign_in(client)

    response = client.get(f"/site/staff/{path}")

    assert response.status_code == 403
    assert b"for staff" not in response.content


@served
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("method", ["head", "post", "put", "delete", "options"])
def test_every_method_is_refused(client: Client, path: str, method: str):
    sign_in(client)

    assert getattr(client, method)(f"/site/staff/{path}").status_code == 403


@served
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("dashboard", ["everybody", "members", "staff"])
def test_staff_open_every_view(client: Client, dashboard: str, path: str):
    sign_in(client, staff=True)

    assert client.get(f"/site/{dashboard}/{path}").status_code == 200


@served
@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("dashboard", ["everybody", "members"])
def test_member_opens_every_view_for_members(client: Client, dashboard: str, path: str):
    sign_in(client)

    assert client.get(f"/site/{dashboard}/{path}").status_code == 200


@served
@pytest.mark.parametrize("path", ALL)
def test_anonymous_user_opens_every_public_view(client: Client, path: str):
    assert client.get(f"/site/everybody/{path}").status_code == 200


@served
def test_staff_see_the_value(client: Client):
    sign_in(client, staff=True)

    assert "for staff" in client.get("/site/staff/").content.decode()


@served
@pytest.mark.parametrize("path", ALL)
def test_access_is_checked_for_every_request(client: Client, path: str):
    sign_in(client, staff=True)
    assert client.get(f"/site/staff/{path}").status_code == 200

    User.objects.update(is_staff=False)

    assert client.get(f"/site/staff/{path}").status_code == 403


@served
@pytest.mark.parametrize("path", ALL)
def test_inactive_user_is_anonymous(client: Client, path: str):
    sign_in(client, staff=True)
    User.objects.update(is_active=False)

    assert client.get(f"/site/staff/{path}").status_code == (302 if path == PAGE else 403)


@served
@pytest.mark.parametrize("path", ALL)
def test_custom_permission_guards_every_view(client: Client, path: str):
    sign_in(client, staff=True)

    assert client.get(f"/site/polite/{path}").status_code == 403
    assert client.get(f"/site/polite/{path}", {"please": "yes"}).status_code == 200


@served
@pytest.mark.parametrize("path", ALL)
def test_combined_permission_guards_every_view(client: Client, path: str):
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
def test_permission_setting_guards_a_dashboard_without_its_own(
    client: Client, settings: Settings, path: str
):
    assert client.get(f"/site/unsaid/{path}").status_code == 200

    settings.DASHBOARDS = {"PERMISSION_CLASSES": ["dashboards.permissions.IsAuthenticated"]}

    assert client.get(f"/site/unsaid/{path}").status_code == (302 if path == PAGE else 403)


@pytest.fixture
def _without_users(settings: Settings) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "auth" not in each]


@served
@pytest.mark.usefixtures("_without_users")
@pytest.mark.parametrize("path", ALL)
def test_public_dashboard_opens_without_the_middleware(client: Client, path: str):
    assert client.get(f"/site/everybody/{path}").status_code == 200


@served
@pytest.mark.usefixtures("_without_users")
@pytest.mark.parametrize("path", ALL)
def test_guarded_dashboard_without_the_middleware_names_it(client: Client, path: str):
    with pytest.raises(ImproperlyConfigured, match="AuthenticationMiddleware"):
        client.get(f"/site/staff/{path}")


@served
@pytest.mark.usefixtures("_without_users")
@pytest.mark.parametrize("path", ALL)
def test_refusal_without_the_middleware_is_403(client: Client, path: str):
    assert client.get(f"/site/polite/{path}").status_code == 403
