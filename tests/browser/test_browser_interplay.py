"""Dashboards beside other packages, all of them in one site that uvicorn serves.

WhiteNoise, GZipMiddleware, a content security policy, django-debug-toolbar, django-allauth, a user
model without ``username``, DATABASE_ROUTERS, ``i18n_patterns``, Channels, Celery, Django Tasks and
django-unfold. To prepare this site takes seconds, so all of its tests are in this file.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from playwright.async_api import Page, expect
from websockets.sync.client import connect

from tests.harness import ROOT, Site, as_read

LIVE = "/en/dashboards/interplay/live/"
GERMAN = "/de/dashboards/interplay/live/"
STREAM = f"{LIVE}@stream/"
PRIVATE = "/en/dashboards/interplay/private/"
LOGIN = "/en/accounts/login/"
EMAIL, PASSWORD = "ada@example.com", "a long password of hers"

PREPARE = """
import django
django.setup()
from django.core.management import call_command
from tests.interplay.models import Member
for database in ("default", "live"):
    call_command("migrate", database=database, verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
Member.objects.create_user({!r}, {!r}, is_staff=True)
"""

ServeTwin = Callable[..., Site]

in_browser = pytest.mark.asyncio(loop_scope="session")


class InterplaySite(Site):
    """The site, with one member, who is staff."""

    ready_path = "/ready/"

    def prepare(self) -> None:
        # One process, because each takes seconds to start.
        (self.folder / "queue").mkdir()
        command = [sys.executable, "-c", PREPARE.format(EMAIL, PASSWORD)]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)


@pytest.fixture(scope="module")
def interplay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InterplaySite]:
    """The site under uvicorn."""
    folder = tmp_path_factory.mktemp("interplay")
    site = InterplaySite(folder, "interplay", DJANGO_SETTINGS_MODULE="tests.interplay_settings")
    site.start()
    yield site
    site.stop()


@pytest.fixture
def client(interplay: InterplaySite) -> Iterator[httpx.Client]:
    """A client that keeps cookies."""
    with httpx.Client(base_url=interplay.url, timeout=15) as client:
        yield client


def log_in(client: httpx.Client, next_url: str = PRIVATE) -> httpx.Response:
    """Post the login form of django-allauth."""
    page = client.get(LOGIN, params={"next": next_url})
    [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    fields = {"login": EMAIL, "password": PASSWORD, "next": next_url}
    return client.post(LOGIN, data={**fields, "csrfmiddlewaretoken": token})


def cookies_of(client: httpx.Client) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def test_push_reaches_stream_behind_all_middleware(interplay: InterplaySite):
    with interplay.open_stream(STREAM, Accept_Encoding="gzip") as stream:
        assert stream.response.getheader("Content-Type") == "text/event-stream"
        assert stream.response.getheader("Content-Encoding") is None
        interplay.push(number="beside all of them")
        stream.until("beside all of them")


def test_debug_toolbar_lists_request_of_open_stream(interplay: InterplaySite):
    with interplay.open_stream(STREAM) as stream:
        identity = stream.response.getheader("djdt-request-id")
        assert "SQLPanel" in (stream.response.getheader("Server-Timing") or "")
        stream.event()
        status, _, history = interplay.get(f"/__debug__/history_refresh/?request_id={identity}")
        assert status == 200
        assert STREAM in history


def test_debug_toolbar_is_not_written_into_answers_for_htmx_and_streams(interplay: InterplaySite):
    assert "djDebug" in interplay.get(LIVE)[2]
    for path in (f"{STREAM}?hold=0", f"{LIVE}@component/sizes/"):
        status, _, body = interplay.get(path, HX_Request="true")
        assert status == 200
        assert "djDebug" not in body


def test_whitenoise_serves_files_of_package_compressed_for_ever(
    interplay: InterplaySite, client: httpx.Client
):
    page = interplay.get(LIVE)[2]
    paths = set(re.findall(r'(?:src|href)="(/static/(?:dashboards|django_htmx)/[^"]+)"', page))
    assert len(paths) > 10
    encodings = set()
    for path in paths:
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"], "its name has a hash"
        if path.endswith((".js", ".css")):
            encodings.add(answer.headers.get("Content-Encoding"))
    assert encodings == {"gzip"}


def test_gzip_middleware_compresses_pages(client: httpx.Client):
    answer = client.get(LIVE, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "members" in as_read(answer.text)


def test_login_of_allauth_leads_back_to_dashboard(client: httpx.Client):
    refused = client.get(PRIVATE)
    assert (refused.status_code, refused.headers["Location"]) == (302, f"{LOGIN}?next={PRIVATE}")
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Location"]) == (302, PRIVATE)
    assert f"Hello {EMAIL}" in client.get(PRIVATE).text


def test_logout_of_allauth_ends_stream(interplay: InterplaySite, client: httpx.Client):
    log_in(client)
    with interplay.open_stream(f"{PRIVATE}@stream/", Cookie=cookies_of(client)) as stream:
        interplay.push_to("Private", secret="for members")
        stream.until("for members")
        token = client.cookies["csrftoken"]
        answer = client.post("/en/accounts/logout/", headers={"X-CSRFToken": token})
        assert answer.status_code == 302
        while stream.event():
            pass
    assert client.get(f"{PRIVATE}@stream/").status_code == 403


def test_custom_user_deactivated_in_other_process_loses_stream(
    interplay: InterplaySite, client: httpx.Client
):
    # By name: the test of sorted links adds another member.
    find = f"from tests.interplay.models import Member; m = Member.objects.get(email={EMAIL!r})"
    log_in(client)
    with interplay.open_stream(f"{PRIVATE}@stream/", Cookie=cookies_of(client)) as stream:
        assert stream.response.status == 200
        interplay.execute(f"{find}; m.is_active = False; m.save()")
        try:
            while stream.event():
                pass
            assert client.get(f"{PRIVATE}@stream/").status_code == 403
        finally:
            interplay.execute(f"{find}; m.is_active = True; m.save()")


def test_address_without_language_redirects_to_viewers(interplay: InterplaySite):
    status, headers, _ = interplay.get("/dashboards/interplay/live/", Accept_Language="de")
    assert (status, headers["Location"]) == (302, GERMAN)


def test_page_and_its_stream_are_in_language_of_address(interplay: InterplaySite):
    for path, month in ((LIVE, ">January<"), (GERMAN, ">Januar<")):
        page = interplay.get(path)[2]
        assert month in page
        assert f"{path}@stream/" in page


def test_push_reaches_streams_of_each_language(interplay: InterplaySite):
    with (
        interplay.open_stream(STREAM) as english,
        interplay.open_stream(f"{GERMAN}@stream/") as german,
    ):
        interplay.push(number="in both")
        english.until("in both")
        german.until("in both")


@in_browser
async def test_live_table_is_sorted_in_language_of_page(interplay: InterplaySite, page: Page):
    # Regression: a live value is rendered once, in LANGUAGE_CODE; on a German page the links that
    # sort a live table led to the English table.
    await page.goto(f"{interplay.url}{GERMAN}")
    link = page.locator("#interplay_live-sizes").get_by_role("link", name="Size")
    address = f"{GERMAN}@component/sizes/?sizes-sort=size"
    await expect(link).to_have_attribute("hx-get", address)
    interplay.execute(
        "from tests.interplay.models import Member; Member.objects.create_user('b@example.com')"
    )
    await expect(page.locator("#interplay_live-sizes tbody tr")).to_have_count(2)
    await expect(link).to_have_attribute("hx-get", address)
    async with page.expect_response(lambda each: "sizes-sort=size" in each.url) as sorted_:
        await link.click()
    assert (await sorted_.value).headers["content-language"] == "de"


@in_browser
async def test_policy_with_style_src_self_is_kept_beside_debug_toolbar(
    interplay: InterplaySite, page: Page
):
    await page.goto(f"{interplay.url}{LIVE}")
    await expect(page.locator("#interplay_live")).to_have_attribute("data-dashboards-live", "open")
    await expect(page.locator("#djDebug")).to_be_attached()
    await expect(page.locator(".main-svg").first).to_be_visible()
    interplay.push(number="under a policy", deploy=41)
    await expect(page.locator("[id$='-number-content']")).to_contain_text("under a policy")
    await expect(page.locator("[id$='-deploy-content'] progress")).to_have_attribute(
        "value", "41.0"
    )


@in_browser
async def test_system_dashboard_inside_unfold_is_dark_and_names_viewer_without_username(
    interplay: InterplaySite, page: Page
):
    # Its dark theme is a class, without a color-scheme.
    await page.emulate_media(color_scheme="dark")
    await page.goto(f"{interplay.url}{LOGIN}?next=/en/admin/")
    await page.get_by_label("Email").fill(EMAIL)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign In").click()
    await page.goto(f"{interplay.url}/en/admin/dashboards_system/systempage/")
    await expect(page.locator("html")).to_have_class("dark")
    await expect(page.locator(".dashboards-dashboard")).to_have_css("color", "rgb(230, 237, 234)")
    await expect(page.locator("[id$='-viewers-content']")).to_contain_text(EMAIL)


def test_websocket_of_channels_pushes_to_stream_of_same_server(interplay: InterplaySite):
    with (
        interplay.open_stream(STREAM) as stream,
        connect(f"ws://127.0.0.1:{interplay.port}/echo/") as socket,
    ):
        socket.send("by a consumer")
        assert socket.recv(timeout=10) == "by a consumer"
        stream.until("by a consumer")


def test_live_state_is_in_database_of_router(interplay: InterplaySite):
    interplay.push(number="routed")
    count = "Frame.objects.using({!r}).count()"
    interplay.execute(
        "from dashboards.models import Frame; from django.db import connections\n"
        f"assert {count.format('live')} > 0\n"
        "assert 'dashboards_frame' not in connections['default'].introspection.table_names()"
    )


def test_task_of_django_tasks_pushes(interplay: InterplaySite):
    with interplay.open_stream(STREAM) as stream:
        interplay.execute(
            "from tests.interplay.tasks import deploy_by_task; deploy_by_task.enqueue(31)"
        )
        interplay.execute(
            "from django.core.management import call_command\n"
            "call_command('db_worker', batch=True, verbosity=0)"
        )
        stream.until('value="31')


def test_tasks_of_celery_push_from_one_child_of_worker(interplay: InterplaySite):
    worker = interplay.python(
        *("celery", "--app", "tests.interplay.celery", "worker", "--pool", "prefork"),
        *("--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        start_new_session=True,
    )
    try:
        with interplay.open_stream(STREAM) as stream:
            for percent in (32, 33):
                task = f"'tests.interplay.tasks.deploy_by_celery', [{percent}]"
                interplay.execute(f"from tests.interplay.celery import app; app.send_task({task})")
                stream.until(f'value="{percent}')
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(60)


@pytest.fixture(scope="module")
def serve_twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServeTwin]:
    """Serve the test site by another server than before; one process pushes to all."""
    site = Site(tmp_path_factory.mktemp("sub"))
    with ExitStack() as stack:
        stack.callback(site.stop)

        def serve(server: str, **environment: str) -> Site:
            twin = site.twin()
            twin.server = server
            twin.environment = {**site.environment, **environment}
            twin.start()
            stack.callback(twin.kill)
            return twin

        yield serve


@pytest.mark.parametrize(
    ("server", "setting", "header", "stripped"),
    [
        pytest.param("uvicorn", "/sub", "", "", id="FORCE_SCRIPT_NAME"),
        # uvicorn expects a proxy that takes the sub-path away.
        pytest.param("uvicorn-root-path", "", "", "/sub", id="root_path"),
        pytest.param("gunicorn", "", "/sub", "", id="SCRIPT_NAME"),
    ],
)
def test_page_under_sub_path_is_live_there(
    serve_twin: ServeTwin, server: str, setting: str, header: str, stripped: str
):
    site = serve_twin(server, **({"TEST_SCRIPT_NAME": setting} if setting else {}))
    headers = {"SCRIPT_NAME": header} if header else {}
    with httpx.Client(base_url=site.url, headers=headers, timeout=15) as client:

        def open_through_proxy(path: str) -> str:
            with client.stream("GET", path.removeprefix(stripped)) as answer:
                assert answer.status_code == 200
                return "\n".join(iterate_until("told", answer.iter_lines()))

        page = open_through_proxy("/sub/site/live/")
        [stream] = re.findall(r'sse-connect="([^"]+)"', page)
        assert stream.startswith("/sub/site/live/@stream/")
        site.push(note="told there")
        assert "told there" in open_through_proxy(stream)
        assert client.get("/sub/site/staff/".removeprefix(stripped)).headers["Location"] == (
            "/login/?next=/sub/site/staff/"
        )


def iterate_until(text: str, lines: Iterator[str]) -> Iterator[str]:
    """Yield lines up to the first that holds a text, or all."""
    for line in lines:
        yield line
        if text in line:
            return
