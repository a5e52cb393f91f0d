"""The kit under a site's own rules: https, redirects, languages and time zones."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("django_tables2")

from django.conf import settings as current
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy
from pytest_django import Settings

from dashboards.component import Form, Stat, Table, Text
from dashboards.dashboard import Dashboard
from dashboards.forms import DashboardForm
from dashboards.live import Every, push
from dashboards.permissions import BasePermission, IsAdminUser, IsAuthenticated
from dashboards.registry import Registry
from dashboards.testing import connect, render
from tests.addresses import addresses

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("isolated"),
]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Members(IsAuthenticated):
    login_url = "/members/"


class Asking(BasePermission):
    def has_permission(self, request: HttpRequest, *args: Any, **kwargs: Any) -> bool:
        return False

    def handle_no_permission(self, request: HttpRequest, dashboard: type) -> Any:
        return HttpResponseRedirect("/ask-for-it/")


class Empty(DashboardForm):
    def save(self, **kwargs: Any) -> None:
        """Save nothing."""


@Registry().register
class Warehouse(Dashboard):
    stock = Stat(value=1234.5, unit=gettext_lazy("Yes"))
    until = Stat(value=NOON)
    rows = Table(value=[{"size": 1234.5}])
    later = Stat(defer=lambda: 2.5)
    form = Form(form=Empty, method="post")
    pushed = Stat(live=True)
    first = Stat(value=lambda: 2.5, live=True)
    own = Stat(value=lambda: 1234.5, live=Every(60, delivery="per_viewer"))

    class Meta:
        app_label = "site"


def restricted(name: str, permission: type[BasePermission]) -> type[Dashboard]:
    meta = type("Meta", (), {"app_label": "site", "permission_classes": [permission]})
    return Registry().register(type(name, (Dashboard,), {"note": Text(live=True), "Meta": meta}))


MEMBERS, ASKING = restricted("MembersOnly", Members), restricted("AskingOnly", Asking)
STAFF, SIGNED_IN = restricted("StaffOnly", IsAdminUser), restricted("SignedIn", IsAuthenticated)

urlpatterns = addresses(Warehouse, MEMBERS, ASKING, STAFF, SIGNED_IN)


# https.


def test_kit_comes_by_https_where_the_site_redirects_to_it(settings: Settings):
    """Each test of a project failed with its production settings: with a 301, and no reason."""
    settings.SECURE_SSL_REDIRECT = True

    live = connect(Warehouse)
    push(Warehouse, pushed=3)

    live.expect(pushed=3)
    live.load("later").expect(later=2.5)
    assert live.submit("form").status_code == 200


def test_refusal_by_https_is_told_from_a_page(settings: Settings):
    """A redirect to https was a refusal: a test of it passed also where nobody was refused."""
    settings.SECURE_SSL_REDIRECT = True

    assert render(STAFF).is_refused
    assert not render(STAFF, user=User.objects.create(username="boss", is_staff=True)).is_refused


# Redirects.


@pytest.mark.parametrize("dashboard", [MEMBERS, ASKING, SIGNED_IN], ids=["own", "asked", "login"])
def test_redirect_of_a_permission_class_refuses(dashboard: type[Dashboard]):
    page = render(dashboard)

    assert page.status_code == 302
    assert page.is_refused
    assert connect(dashboard).is_refused


GetResponse = Callable[[HttpRequest], HttpResponse]


def redirecting(get_response: GetResponse) -> GetResponse:
    """Redirect all requests, before anybody knows the user."""
    return lambda request: HttpResponseRedirect(f"https://www.example.com{request.path}")


def redirecting_streams(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        is_stream = "@stream" in request.path
        return HttpResponseRedirect("/elsewhere/") if is_stream else get_response(request)

    return middleware


@pytest.mark.parametrize("dashboard", [Warehouse, STAFF, ASKING])
def test_redirect_elsewhere_is_no_refusal(settings: Settings, dashboard: type[Dashboard]):
    settings.MIDDLEWARE = [f"{__name__}.redirecting", *settings.MIDDLEWARE]
    page = render(dashboard)
    name = dashboard.__name__
    words = re.escape(
        f"{name} was neither shown nor refused: the request was redirected, with the status 302, "
        f"to 'https://www.example.com/site/{name.lower()}/', which is not the login page."
    )

    assert page.status_code == 302
    with pytest.raises(AssertionError, match=words):
        _ = page.is_refused
    with pytest.raises(AssertionError, match=words):
        page.expect(note="")
    with pytest.raises(AssertionError, match=words):
        connect(dashboard)


def test_redirect_of_a_stream_elsewhere_is_no_refusal(settings: Settings):
    settings.MIDDLEWARE = [f"{__name__}.redirecting_streams", *settings.MIDDLEWARE]
    live = connect(Warehouse)

    with pytest.raises(AssertionError, match=r"with the status 302, to '/elsewhere/', which is"):
        _ = live.is_refused


# Languages and time zones.


def in_tokyo(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(ZoneInfo("Asia/Tokyo")):
            return get_response(request)

    return middleware


@pytest.fixture
def german(settings: Settings) -> Iterator[Client]:
    """Give a client of a viewer who reads German in Tokyo, on a site in English."""
    settings.MIDDLEWARE = [
        *current.MIDDLEWARE,
        "django.middleware.locale.LocaleMiddleware",
        f"{__name__}.in_tokyo",
    ]
    # The middleware leaves the language active.
    with translation.override(translation.get_language()):
        yield Client(headers={"accept-language": "de"})


def test_value_is_compared_in_the_language_and_time_zone_of_the_page(german: Client):
    """It was compared in the site's: "expected 0 (shown as '0 pieces'), but it shows '0 Stück'"."""
    page = render(Warehouse, client=german)

    assert page["stock"].text == "1.234,5 Ja"
    assert "21:00" in page["until"].text
    page.expect(stock=1234.5, until=NOON, own=1234.5, rows=[{"size": 1234.5}])
    page.load("later").expect(later=2.5)
    with pytest.raises(AssertionError, match=r"expected 2\.5 \(shown as '2,5 Ja'\), but it shows"):
        page.expect(stock=2.5)


def test_live_value_is_compared_in_the_language_of_the_site(german: Client):
    live = connect(Warehouse, client=german)
    live.expect(first=2.5)

    push(Warehouse, pushed=1234.5, first=1234.5)

    live.expect(pushed=1234.5, first=1234.5, own=1234.5)
    assert live["pushed"].text == "1,234.5"
