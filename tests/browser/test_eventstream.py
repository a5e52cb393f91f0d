"""docs/howto/server-sent-events.md, followed word for word: real Pushpin, Celery and Chromium.

The project is made of the page's blocks.
"""

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, Request, expect

from deploy.pushpin import Ports, Pushpin, pushpin
from tests.harness import free_port
from tests.howto import Block, Project, read_page
from tests.redis_server import redis_server

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    # The first one builds the project.
    pytest.mark.timeout(180),
]

BLOCKS = read_page("server-sent-events.md")
SECTIONS = (
    "Begin",
    "1. Built in",
    "2. Behind Pushpin or Fanout",
    "3. By hand with django-eventstream",
)

# What the page does not need: the same component many times, each in its own way.
MORE = """
from dashboards.component import Chart as PlainChart
from shop.dashboards import SSEChart, SSEStat


class Eight(Dashboard):
    sse_stat = SSEStat()
    second = SSEStat(key="second")
    third = SSEStat(key="third")
    fourth = SSEStat(key="fourth")
    fifth = SSEStat(key="fifth")
    sixth = SSEStat(key="sixth")
    seventh = SSEStat(key="seventh")
    sse_chart = SSEChart()


registry.register(Eight)


@dataclass
class NearStat(SSEStat):
    @staticmethod
    def pushpin_url():
        return "/events/"


@registry.register
class Near(Dashboard):
    first = NearStat(key="sse_stat")
    second = NearStat(key="second")
    third = NearStat(key="third")
    fourth = NearStat(key="fourth")
    fifth = NearStat(key="fifth")
    sixth = NearStat(key="sixth")
    seventh = NearStat(key="seventh")
    eighth = NearStat(key="eighth")


def once():
    return "from the server"


@registry.register
class Polled(Dashboard):
    sse_stat = SSEStat(poll_rate=0.2)
    plain = SSEStat(poll_rate=0.2, value="at first")
    called = SSEStat(poll_rate=0.2, value=once)
    deferred = SSEStat(poll_rate=0.2, value=once, defer=True)
"""


SENDER = """
import json, os, sys

os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1] if sys.argv[1:] else "mysite.settings"

import django

django.setup()

from django.template.loader import render_to_string
from django_eventstream import send_event

from dashboards.models import Channel
from shop.dashboards import *
from shop.events import *

for line in sys.stdin:
    exec(json.loads(line))
    print("done", flush=True)
"""


def blocks_of(*sections: str) -> Sequence[Block]:
    return [block for block in BLOCKS if block.section in sections]


def section(*numbers: int) -> Sequence[Block]:
    return blocks_of("Begin", *(SECTIONS[number] for number in numbers))


class Site:
    """A project behind its own Pushpin."""

    def __init__(self, project: Project, proxy: Pushpin, port: int) -> None:
        self.project = project
        self.proxy = proxy
        self.port = port
        self.url = f"http://127.0.0.1:{port}/dashboards/shop"
        self.proxied_url = f"{proxy.url}/dashboards/shop"
        self._sender: subprocess.Popen[bytes] | None = None

    def answers(self, _log: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/admin/login/") as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def send(self, *events: tuple[str, str], channel: str = "test") -> None:
        """Send events, each by its name and an expression of its data, from another process."""
        self.tell(
            *(
                f"send_event({channel!r}, {event!r}, {data}, json_encode=False)"
                for event, data in events
            )
        )

    def tell(self, *lines: str) -> None:
        """Have a process of its own run some lines; it stays, for starting one takes a second."""
        if self._sender is None:
            self._sender = self.project.python("sender.py")
        assert self._sender.stdin
        assert self._sender.stdout
        self._sender.stdin.write(json.dumps("\n".join(lines)).encode() + b"\n")
        self._sender.stdin.flush()
        assert self._sender.stdout.readline() == b"done\n", lines


def build(stack: ExitStack, folder: Path, *numbers: int, **changes: str) -> Site:
    """Build the project of some ways of the page, with a Pushpin of its own."""
    port, ports = free_port(), Ports(*(free_port() for _ in range(5)))
    changes = {
        "8000": str(port),
        "7999": str(ports.http),
        "5561": str(ports.control),
        "5563": str(ports.command),
        **changes,
    }
    project = Project(folder, changes)
    stack.callback(project.stop)
    site = Site(project, stack.enter_context(pushpin(port, ports)), port)
    project.follow(section(*numbers))
    return site


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        broker = {"redis://localhost:6379/0": redis.url.replace("unix://", "redis+socket://")}
        site = build(stack, tmp_path_factory.mktemp("by_hand"), 3, **broker)
        site.project.add("shop/dashboards.py", MORE)
        site.project.add("sender.py", SENDER)
        # Settings that the page gives for the second way, and that the third can have, too.
        site.project.follow([each for each in section(2) if "mysite/settings_" in each.action])
        site.project.serve(served(3)[0], site.answers)
        yield site


def served(number: int) -> list[str]:
    return [block.text for block in section(number) if block.action == "serve"]


def command(number: int, words: str) -> str:
    """Return the one block of commands that holds some words."""
    (found,) = [
        each.text for each in section(number) if each.action == "try" and words in each.text
    ]
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def streams(page: Page) -> list[Request]:
    """The requests for event streams that a page makes, which is listened to in its loop."""
    found: list[Request] = []
    page.on("request", lambda each: found.append(each) if "/events/" in each.url else None)
    return found


async def open_page(page: Page, url: str, *, state: str = "open") -> Locator:
    """Open a page and return what stands in the box of its first component."""
    await page.goto(url)
    await wait_for_streams(page, state)
    return page.locator("[sse-swap=sse_stat]").first


async def wait_for_streams(page: Page, state: str = "open") -> None:
    """Wait for all of them: one of ours may be beside the one to which events are sent by hand."""
    for each in await page.locator("[sse-connect]").all():
        await expect(each).to_have_attribute("data-dashboards-live", state)


async def leave(page: Page) -> None:
    """Have the page try no more, and forget what its console said of that."""
    await page.goto("about:blank")
    page.complaints.clear()  # type: ignore[attr-defined]


# ---- 3. By hand ----


async def test_component_waits_for_first_value_and_shows_command_event(
    by_hand: Site, page: Page, streams: list[Request]
):
    box = await open_page(page, f"{by_hand.url}/demodashboard/")
    await expect(box).to_have_text("Waiting for the first value…")
    await expect(page.locator("dashboard-chart")).to_have_text("Waiting for the first value…")
    value = by_hand.project.run(command(3, "python manage.py send_stat")).strip()
    await expect(box.locator(".dashboards-stat-text")).to_have_text(value)
    await expect(box.locator(".dashboards-stat-sub-text")).to_have_text("Via SSE")
    (stream,) = streams
    assert stream.url == f"http://localhost:{by_hand.proxy.ports.http}/events/"
    assert "cookie" not in await stream.all_headers()


async def test_template_tag_works_in_own_template(by_hand: Site, page: Page):
    box = await open_page(page, f"{by_hand.url}/boxdashboard/")
    await expect(box).to_contain_text("Contents of this box will be updated in real time")
    value = by_hand.project.run(command(3, "python manage.py send_stat")).strip()
    await expect(box.locator(".dashboards-stat-text")).to_have_text(value)
    await expect(box).not_to_contain_text("Contents of this box")


async def test_long_running_command_sends_repeatedly(by_hand: Site, page: Page):
    box = await open_page(page, f"{by_hand.url}/demodashboard/")
    sender = by_hand.project.serve("python manage.py send_stat --every 0.2", lambda log: True)
    shown = box.locator(".dashboards-stat-text")
    await expect(shown).to_be_visible()
    for _ in range(3):
        await expect(shown).not_to_have_text(await shown.inner_text())
    sender.kill()


async def test_celery_task_sends(by_hand: Site, page: Page):
    worker = by_hand.project.serve(served(3)[1], lambda log: " ready." in log)
    box = await open_page(page, f"{by_hand.url}/demodashboard/")
    by_hand.project.run(command(3, "send_stat_task.delay()"))
    await expect(box.locator(".dashboards-stat-sub-text")).to_have_text("Via SSE")
    worker.terminate()
    worker.wait(20)


async def test_django_pipelines_task_sends(by_hand: Site, page: Page):
    box = await open_page(page, f"{by_hand.url}/demodashboard/")
    assert "Pipeline Completed" in by_hand.project.run(command(3, "manage.py pipelines"))
    await expect(box.locator(".dashboards-stat-sub-text")).to_have_text("Via SSE")


async def test_chart_accepts_figure_as_json_and_html(by_hand: Site, page: Page):
    def html(template: str, title: str) -> str:
        return (
            f"render_to_string({template}, {{'component': SSEChart(key='sse_chart'), "
            f"'rendered_value': Chart().prepare_value({figure(title)})}})"
        )

    def figure(title: str) -> str:
        return repr(json.dumps({"data": [{"y": [1, 2]}], "layout": {"title": {"text": title}}}))

    await open_page(page, f"{by_hand.url}/demodashboard/")
    title = page.locator("[sse-swap=sse_chart] > dashboard-chart .gtitle")
    by_hand.tell("send_chart(1, 3, 2)")
    await expect(title).to_have_text("Via SSE", timeout=20_000)  # plotly.js takes its time
    for data, text in [
        (figure("JSON"), "JSON"),
        (html("Chart.template", "HTML"), "HTML"),
        (
            (
                "__import__('plotly.graph_objects').graph_objects.Figure("
                "layout={'title': {'text': 'a figure'}}).to_json()"
            ),
            "a figure",
        ),
        (html("SSEChart.template", "its own template"), "its own template"),
        (f"json.dumps({figure('encoded twice')})", "encoded twice"),
    ]:
        by_hand.send(("sse_chart", data))
        await expect(title).to_have_text(text)
    await expect(page.locator("dashboard-chart")).to_have_count(1)
    await expect(page.locator("[sse-swap=sse_chart]")).to_have_count(1)


async def test_message_with_prevented_default_not_shown(by_hand: Site, page: Page):
    box = await open_page(page, f"{by_hand.url}/demodashboard/")
    await page.evaluate(
        """() => document.addEventListener("htmx:before:sse:message", (message) => {
            const { event, data } = message.detail;
            window.taken = [event, JSON.parse(data), message.target.getAttribute("sse-swap")];
            message.preventDefault();
        })"""
    )
    by_hand.send(("sse_stat", """'{"cpu": 7}'"""))
    await page.wait_for_function("() => window.taken")
    assert await page.evaluate("window.taken") == ["sse_stat", {"cpu": 7}, "sse_stat"]
    await expect(box).to_have_text("Waiting for the first value…")


def stat_html(text: str, template: str = "SSEStat.template") -> str:
    return (
        f"render_to_string({template}, {{'component': SSEStat(key='sse_stat'), "
        f"'rendered_value': {{'text': {text!r}, 'sub_text': ''}}}})"
    )


@pytest.mark.parametrize("name", ["demodashboard", "boxdashboard", "keptdashboard"])
async def test_stat_sent_in_own_template_does_not_nest(by_hand: Site, page: Page, name: str):
    box = await open_page(page, f"{by_hand.url}/{name}/")
    for number in range(4):
        by_hand.send(("sse_stat", stat_html(f"turn {number}")))
        await expect(box.locator(".dashboards-stat-text")).to_have_text(f"turn {number}")
    await expect(page.locator("[sse-connect][sse-swap]")).to_have_count(
        2 if name == "demodashboard" else 1
    )


async def test_poll_keeps_value_received_by_event(by_hand: Site, page: Page):
    answers: dict[str, list[int]] = {"sse_stat": [], "plain": [], "called": [], "deferred": []}
    page.on(
        "response",
        lambda each: (
            answers[each.url.rstrip("/").rpartition("/")[2]].append(each.status)
            if "@component" in each.url
            else None
        ),
    )
    await open_page(page, f"{by_hand.url}/polled/")
    await expect(page.locator("[sse-swap=plain]")).to_have_text("at first")
    await expect(page.locator("[sse-swap=deferred]")).to_have_text("from the server")
    by_hand.send(*((key, "'by event'") for key in answers))
    for key in answers:
        await expect(page.locator(f"[sse-swap={key}]")).to_have_text("by event")
    for key, found in answers.items():
        before = len(found)
        while len(found) < before + 3:  # noqa: ASYNC110 - polls are all there is to wait for
            await asyncio.sleep(0.05)
        await expect(page.locator(f"[sse-swap={key}]")).to_have_text("by event")
        # What was deferred is loaded when it comes into view and by the first poll, if that is
        # sent before there is an answer; from then on nothing is new.
        # So it is with a poll that begins before its script has come.
        assert set(found[before:]) == {304}
    await expect(page.locator("[data-dashboards-live=open][sse-swap]")).to_have_count(4)


async def test_reload_shows_stored_value(by_hand: Site, page: Page):
    push = command(3, "push(KeptDashboard")
    by_hand.tell("Channel.objects.all().delete()")
    box = await open_page(page, f"{by_hand.url}/keptdashboard/")
    await expect(box).to_have_text("Waiting for the first value…")
    by_hand.send(("sse_stat", "'by event'"))
    await expect(page.locator("[sse-connect][sse-swap=sse_stat]")).to_have_text("by event")
    by_hand.project.run(push)
    text = page.locator("[sse-connect][sse-swap=sse_stat] .dashboards-stat-text")
    await expect(text).to_have_text("61%")
    await page.reload()
    await expect(text).to_have_text("61%")
    await wait_for_streams(page)
    by_hand.send(("sse_stat", stat_html("and on")))
    await expect(text).to_have_text("and on")


async def test_eight_components_share_connection_on_two_ports(
    by_hand: Site, page: Page, streams: list[Request]
):
    await open_page(page, f"{by_hand.url}/eight/")
    await all_show(by_hand, page)
    assert len(streams) == 1


async def test_eight_components_share_connection_on_one_origin(
    by_hand: Site, page: Page, streams: list[Request]
):
    await open_page(page, f"{by_hand.proxied_url}/near/")
    await all_show(by_hand, page)
    (stream,) = streams
    assert stream.url == f"{by_hand.proxy.url}/events/"


async def all_show(site: Site, page: Page) -> None:
    boxes = page.locator("[sse-connect][sse-swap]")
    await expect(boxes).to_have_count(8)
    keys = await boxes.evaluate_all("all => all.map(each => each.getAttribute('sse-swap'))")
    site.send(
        *(
            (key, """'{"layout": {"title": {"text": "to sse_chart"}}}'""")
            if key == "sse_chart"
            else (key, repr(f"to {key}"))
            for key in keys
        )
    )
    for key in keys:
        box = page.locator(f"[sse-swap={key}]")
        await expect(box).to_contain_text(f"to {key}", timeout=20_000)  # plotly.js takes its time


async def test_proxy_holds_stream_behind_wsgi(by_hand: Site, page: Page, streams: list[Request]):
    """One sync worker of gunicorn, which accepts requests that are signed with its key."""
    port = free_port()
    with pushpin(port, Ports(*(free_port() for _ in range(5)))) as proxy:
        twin = Site(by_hand.project, proxy, port)
        twin.project.add(
            "mysite/settings_wsgi.py",
            "from mysite.settings_signed import *\n"
            f"GRIP_URL = '{proxy.control_url}?key=changeme'\n",
        )
        settings = {"DJANGO_SETTINGS_MODULE": "mysite.settings_wsgi"}
        server = twin.project.serve(
            f"python -m gunicorn mysite.wsgi --bind 127.0.0.1:{port}", twin.answers, **settings
        )
        await open_page(page, f"{twin.proxied_url}/near/")
        value = twin.project.run(command(3, "python manage.py send_stat"), **settings).strip()
        await expect(page.locator("[sse-swap=sse_stat]")).to_contain_text(value)
        await page.goto("about:blank")
        server.kill()
    assert len(streams) == 1


async def test_command_sends_by_zmq(by_hand: Site, page: Page):
    box = await open_page(page, f"{by_hand.url}/demodashboard/")
    send = command(3, "python manage.py send_stat")
    value = by_hand.project.run(send, DJANGO_SETTINGS_MODULE="mysite.settings_zmq").strip()
    await expect(box.locator(".dashboards-stat-text")).to_have_text(value)


async def test_wrong_origin_names_setting_in_console(by_hand: Site, page: Page):
    url = by_hand.url.replace("127.0.0.1", "localhost")
    await open_page(page, f"{url}/demodashboard/", state="waiting")
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    await page.wait_for_timeout(100)
    while not any("dashboards:" in each for each in complaints):
        await page.wait_for_event("console")
    (complaint,) = [each for each in complaints if "dashboards:" in each]
    assert f'EVENTSTREAM_ALLOW_ORIGIN = "http://localhost:{by_hand.port}"' in complaint
    assert f"(http://127.0.0.1:{by_hand.port}, perhaps)" in complaint
    await leave(page)


async def test_dead_proxy_not_shown_as_refusal(by_hand: Site, page: Page):
    async def refuse(route: Any) -> None:
        await route.abort("connectionrefused")

    await page.route("**/events/", refuse)
    await open_page(page, f"{by_hand.url}/demodashboard/", state="waiting")
    await page.wait_for_timeout(1000)
    assert not [each for each in page.complaints if "dashboards:" in each]  # type: ignore[attr-defined]
    await leave(page)


async def test_channel_refused_without_permission_for_dashboard(by_hand: Site, page: Page):
    refusal = await (await page.request.get(f"{by_hand.proxy.url}/takings/events/")).text()
    assert "event: stream-error" in refusal
    assert '"condition": "forbidden"' in refusal
    by_hand.tell(
        "from django.contrib.auth.models import User",
        "User.objects.filter(username='ann').exists() or "
        "User.objects.create_superuser('ann', password='secret')",
    )
    await page.goto(f"{by_hand.proxied_url}/takings/")
    await page.fill("[name=username]", "ann")
    await page.fill("[name=password]", "secret")
    await page.click("[type=submit]")
    box = page.locator("[sse-swap=takings]")
    await expect(box).to_have_attribute("data-dashboards-live", "open")
    by_hand.send(("takings", "'1,200'"), channel="takings")
    await expect(box).to_have_text("1,200")
    # After a logout elsewhere the page gets an error and stops its requests.
    await page.context.clear_cookies()
    await page.context.set_offline(True)
    await expect(box).not_to_have_attribute("data-dashboards-live", "open")
    await page.context.set_offline(False)
    await expect(box).to_have_attribute("data-dashboards-live", "refused")
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    assert any("refused" in each and "forbidden" in each for each in complaints)
    complaints.clear()
