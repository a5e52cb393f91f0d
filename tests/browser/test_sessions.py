"""Automatic requests do not extend a session's expiry."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import add_message
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from playwright.async_api import Page
from pytest_django import Settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from tests.addresses import addresses
from tests.harness import Site


class Open(Dashboard):
    note = Stat(value=1, defer=True, live=True)
    counted = Stat(defer=True)

    def get_counted_value(self) -> int:
        assert self.request is not None
        self.request.session["count"] = self.request.session.get("count", 0) + 1
        return int(self.request.session["count"])

    class Meta:
        app_label = "site"


def tell(request: HttpRequest) -> int:
    add_message(request, 20, "seen")
    return 1


class Telling(Dashboard):
    note = Stat(value=tell, defer=True)

    class Meta:
        app_label = "site"


urlpatterns = addresses(Open, Telling)
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

BACKENDS = ("db", "cache", "cached_db", "file", "signed_cookies")
AUTOMATIC: dict[str, Any] = {"HTTP_DASHBOARDS_AUTOMATIC": "true"}


@pytest.fixture(params=BACKENDS)
def client(request: pytest.FixtureRequest, settings: Settings, tmp_path: Any) -> Client:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client = Client()
    client.force_login(User.objects.create_user("member"))
    return client


@pytest.mark.parametrize(
    ("path", "headers", "renews"),
    [
        ("", {}, True),
        # After a deploy it reloads, and first checks that its server answers.
        ("", AUTOMATIC, False),
        ("@component/note/", {}, True),
        ("@component/note/", AUTOMATIC, False),
        ("@components/note/", AUTOMATIC, False),
        ("@stream/", {}, False),
        ("@stream/?hold=0", {}, False),
    ],
    ids=["page", "look", "by a person", "component", "batch", "stream", "poll"],
)
def test_session_renewed_only_by_user_requests(
    client: Client, path: str, headers: dict[str, Any], renews: bool
):
    # A live page under SESSION_SAVE_EVERY_REQUEST polled, and each poll renewed its session: a page
    # left open was never signed out.
    response = client.get(f"/site/open/{path}", **headers)

    assert response.status_code == 200
    assert ("sessionid" in response.cookies) is renews


def test_automatic_reload_does_not_renew_session(client: Client):
    # Regression: each open page reloaded after a deploy, and that renewed its session.
    client.cookies["dashboards-automatic"] = "1"

    response = client.get("/site/open/")

    assert response.status_code == 200
    assert "sessionid" in client.cookies
    assert "sessionid" not in response.cookies


def test_automatic_request_keeps_stored_expiry(settings: Settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client = Client()
    client.force_login(User.objects.create_user("member"))
    soon = timezone.now() + timedelta(minutes=5)
    Session.objects.update(expire_date=soon)

    def expiry() -> datetime:
        return Session.objects.get().expire_date

    client.get("/site/open/@stream/")
    client.get("/site/open/@component/note/", **AUTOMATIC)
    assert expiry() == soon

    client.get("/site/open/@component/note/")
    assert expiry() > soon


def test_automatic_request_saves_session_changed_by_value(client: Client):
    counts = [
        client.get("/site/open/@component/counted/", **AUTOMATIC).content.decode() for _ in range(2)
    ]

    assert "1" in counts[0]
    assert "2" in counts[1]


def test_automatic_request_stores_message_of_value(settings: Settings):
    # Middleware within reads and writes the session after the view has answered.
    settings.SESSION_SAVE_EVERY_REQUEST = True
    settings.MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.messages.middleware.MessageMiddleware",
    ]
    client = Client()
    client.force_login(User.objects.create_user("member"))

    response = client.get("/site/telling/@component/note/", **AUTOMATIC)

    assert response.status_code == 200
    assert "seen" in client.session["_messages"]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("key", ["polled", "refreshed"])
async def test_page_marks_automatic_requests(site: Site, page: Page, key: str):
    await page.goto(f"{site.url}/books/ticking/")
    async with page.expect_request(lambda request: f"@component/{key}/" in request.url) as own:
        pass
    assert (await own.value).headers["dashboards-automatic"] == "true"

    async with page.expect_request(lambda request: f"{key}-sort=turn" in request.url) as persons:
        await page.locator(f"#books_ticking-{key}").get_by_role("link", name="Turn").click()
    assert "dashboards-automatic" not in (await persons.value).headers
