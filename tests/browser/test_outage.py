"""Pages opened while the store is down: they are served, and recover without a reload."""

import contextlib
import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client, TestCase
from playwright.async_api import Page, expect

from dashboards.dashboard.model_signals import connect_model
from dashboards.live.stores import get_store
from dashboards.live.stores import outage as outages
from dashboards.live.stores.base import Changes
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.wire.positions import Position
from tests.conftest import MakeSite
from tests.harness import Site
from tests.postgres import postgresql
from tests.redis_server import RedisServer, redis_server
from tests.site.dashboards import Live
from tests.unit.views.support import put


class Store(MemoryStore):
    """Memory that cannot be reached, and counts how often that was tried."""

    def __init__(self, options: Any) -> None:
        super().__init__(options)
        self.is_down = False
        self.refuses = False
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.is_down:
            raise ConnectionError("down")  # noqa: EM101
        if self.refuses:
            raise ValueError("full")  # noqa: EM101

    def since(self, channel: str, position: Position | None) -> Changes:
        self.asked += 1
        if self.is_down:
            raise ConnectionError("down")  # noqa: EM101
        return super().since(channel, position)

    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        self._ask()
        return super().acquire_lease(name, seconds, input_version)

    def put(self, channel: str, frames: Any) -> Position:
        self._ask()
        return super().put(channel, frames)

    def heads(self, channels: Any) -> Any:
        self._ask()
        return super().heads(channels)


@pytest.fixture
def store(settings: Any) -> Store:
    settings.DASHBOARDS = {"STORES": {"default": {"BACKEND": f"{__name__}.Store"}}}
    store = get_store()
    assert isinstance(store, Store)
    return store


@pytest.mark.django_db
def test_page_during_store_outage_served_with_one_attempt(
    store: Store, client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Regression: a page answered 500 while its store was down. It is served with its plain values;
    only one request tries the store, and the log has one line."""
    put(Live, note="pushed before")
    assert b"pushed before" in client.get("/site/live/").content
    store.is_down, store.asked = True, 0
    for _ in range(3):
        response = client.get("/site/live/?name=Ada")
        assert response.status_code == 200
        assert b"Hello Ada" in response.content
        assert b"pushed before" not in response.content
        assert b"@stream/&quot;" in response.content or b'@stream/"' in response.content
    assert b"Hello nobody" in client.get("/site/live/@component/greeting/").content
    assert store.asked == 1
    stream = client.get("/site/live/@stream/")
    assert stream.status_code == 503
    assert 1 <= int(stream["Retry-After"]) <= 5
    [said] = [each.getMessage() for each in caplog.records if each.name == "dashboards.live"]
    assert said == (
        "The store of live state does not answer (ConnectionError: down). Pages are served and "
        "their live values wait; it is tried again until it answers."
    )

    store.is_down = False
    monkeypatch.setattr(outages, "_RETRY_SECONDS", 0)
    monkeypatch.setattr(store.outage, "_retry_at", 0)
    assert b"pushed before" in client.get("/site/live/").content
    assert caplog.messages[-1] == "The store of live state answers again."
    assert client.get("/site/live/@stream/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/embedded/", "/embedded-jinja/", "/site/live/@components/greeting,note,turns/"]
)
def test_embedded_dashboards_and_batches_served_during_store_outage(
    store: Store, client: Client, path: str
):
    store.is_down = True
    assert client.get(path).status_code == 200


@pytest.mark.django_db
def test_save_does_not_wait_for_hanging_store(store: Store, caplog: Any):
    """Regression: each save of a model with ``OnChange`` values waited for the store, and logged a
    traceback."""
    connect_model("auth.group")
    store.is_down = True
    for number in range(5):
        # A change is stored on commit, which a test never does.
        with TestCase.captureOnCommitCallbacks(execute=True):
            Group.objects.create(name=f"group {number}")
    assert store.asked == 1
    assert [getattr(each, "event", "") for each in caplog.records] == ["store_unavailable"]


@pytest.mark.django_db
def test_page_with_full_store_served(
    store: Store, client: Client, caplog: pytest.LogCaptureFixture
):
    """Regression: a store that refused writes made every page with a computed value a 500."""
    caplog.set_level(logging.CRITICAL, "dashboards.live")
    put(Live, note="pushed before")
    store.refuses = True
    response = client.get("/site/live/")
    assert response.status_code == 200
    assert b"pushed before" in response.content


def test_failed_store_tried_by_one_request_at_a_time(monkeypatch: pytest.MonkeyPatch):
    """Regression: each page waited for a store that hangs, one after the other and all at the same
    time."""
    outage = outages.Outage()
    assert outage.may_try()
    assert outage.may_try()
    outage.begin(ConnectionError())
    assert not outage.may_try()
    monkeypatch.setattr(outage, "_retry_at", 0)
    assert outage.may_try()
    assert not outage.may_try(), "somebody is trying"
    outage.end()
    assert outage.may_try()


def test_read_only_store_logged_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Regression: a locked database failed each write and answered each read, which logged two
    lines for each."""
    outage = outages.Outage()
    for _ in range(5):
        outage.begin(ConnectionError("first\nsecond line"))
        outage.end()
    fails, answers = caplog.messages
    assert fails == (
        "The store of live state does not answer (ConnectionError: first second line). Pages are "
        "served and their live values wait; it is tried again until it answers."
    )
    assert answers == "The store of live state answers again."
    monkeypatch.setattr(outages, "_FLAP_SECONDS", 0)
    outage.begin(ConnectionError())
    assert len(caplog.messages) == 3


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.mark.asyncio(loop_scope="session")
async def test_page_opened_during_redis_outage_recovers(
    make_site: MakeSite, page: Page, server: RedisServer
):
    """Regression: a page that was opened while Redis was down was a 500 until it was reloaded. It
    shows its plain values, and live values as soon as Redis is back."""
    backend = "dashboards.live.stores.redis.RedisStore"
    options = {"url": server.url, "timeout": 1}
    stores = json.dumps({"default": {"BACKEND": backend, "OPTIONS": options}})
    site = make_site(TEST_STORES=stores)
    server.kill()
    response = await page.goto(f"{site.url}/site/live/?name=Ada")
    assert response is not None
    assert response.status == 200
    await expect(page.locator("#site_live-greeting-content")).to_have_text("Hello Ada")
    server.start()
    site.push(note="after the outage")
    await expect(page.locator("#site_live-note-content")).to_have_text("after the outage")
    await expect(page.locator("#site_live")).to_have_attribute("data-dashboards-live", "open")
    # The browser logs each 503 to the console.
    page.complaints.clear()  # type: ignore[attr-defined]


@pytest.mark.asyncio(loop_scope="session")
async def test_open_page_shows_no_news_while_redis_is_down(
    make_site: MakeSite, page: Page, server: RedisServer
):
    """Regression: the page showed "Live" and the time of the last heartbeat, for as long as Redis
    was down, although its values had changed meanwhile."""
    backend = "dashboards.live.stores.redis.RedisStore"
    options = {"url": server.url, "timeout": 1}
    stores = json.dumps({"default": {"BACKEND": backend, "OPTIONS": options}})
    site = make_site(TEST_STORES=stores, TEST_HEARTBEAT="1")
    await page.goto(f"{site.url}/site/live/")
    dashboard = page.locator("#site_live")
    await expect(dashboard).to_have_attribute("data-dashboards-live", "open")
    server.kill()
    await expect(dashboard).to_have_attribute("data-dashboards-live", "silent", timeout=20_000)
    await expect(page.locator("[data-dashboards-live-when=silent]")).to_be_visible()
    await expect(page).to_have_title(re.compile("^⚠ No news"))
    server.start()
    await expect(dashboard).to_have_attribute("data-dashboards-live", "open", timeout=20_000)
    assert site.log.count("stream_open") == 0, "it is the same stream"


@pytest.mark.asyncio(loop_scope="session")
async def test_page_opened_while_redis_hangs_waits_once(
    make_site: MakeSite, page: Page, server: RedisServer
):
    """Regression: each read of each page waited for a hanging server, twice the timeout each."""
    backend = "dashboards.live.stores.redis.RedisStore"
    options = {"url": server.url, "timeout": 2}
    site = make_site(
        "gunicorn", TEST_STORES=json.dumps({"default": {"BACKEND": backend, "OPTIONS": options}})
    )
    await page.goto(f"{site.url}/site/live/")
    await page.goto("about:blank")
    with server.paused():
        took = []
        for _ in range(3):
            began = time.monotonic()
            response = await page.goto(f"{site.url}/site/live/")
            took.append(time.monotonic() - began)
            assert response is not None
            assert response.status == 200
        await page.goto("about:blank")
    # The documented limit: one time-out, and none for later requests.
    assert sum(took) < 2 * 2, took
    # The browser logs each 503 to the console.
    page.complaints.clear()  # type: ignore[attr-defined]


def test_page_served_while_live_state_database_is_down(tmp_path: Path):
    """Live state may be in a database of its own. While that was down pages answered 500, and each
    request for a stream logged a traceback."""
    backend = "dashboards.live.stores.database.DatabaseStore"
    own = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "own.sqlite3")}
    with contextlib.ExitStack() as database, contextlib.ExitStack() as stack:
        server = database.enter_context(postgresql())
        live = {name: str(value) for name, value in server.database.items()}
        site = Site(
            tmp_path,
            TEST_DATABASES=json.dumps({"default": own, "live": live}),
            TEST_STORES=json.dumps({"default": {"BACKEND": backend, "OPTIONS": {"using": "live"}}}),
        )
        stack.callback(site.stop)
        site.run("migrate", "--database", "live", "--verbosity", "0")
        site.start()
        assert site.get("/site/live/")[0] == 200
        database.close()
        for _ in range(3):
            assert site.get("/site/live/")[0] == 200
            assert site.get("/site/live/@stream/")[0] == 503
        assert site.log.count("The store of live state does not answer (") == 1
        assert "Traceback" not in site.log
