"""The demo as a newcomer meets it: a shop at work, this machine, and each piece beside its code."""

import ast
import contextlib
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.async_api import BrowserContext, Page, Request, expect

from dashboards import component
from dashboards.component import chart, layout, stat, table
from demo.machine.sampler import SECONDS
from tests.axe import find_violations
from tests.harness import ROOT, Site, free_port, wait_for

SHOP = "/shop/operations/"
DESIGN = "/pieces/design/", "/pieces/branded/"
PAGE = "/machine/machine/"
WAYS = "/ways/ways/"
PIECES = (
    *("/pieces/figures/", "/pieces/charts/", "/pieces/tables/", "/pieces/forms/"),
    *(
        "/pieces/filtered/",
        "/pieces/layouts/",
        "/pieces/requests/",
        "/pieces/customerboard/Ana%20Souza/",
    ),
)
EMBEDDED = ("/embedded/", "/embedded/jinja/")


class Demo(Site):
    """The demo with a database of its own."""

    # Made once: to migrate takes longer than to start a server.
    filled: bytes | None = None

    def prepare(self) -> None:
        database = self.folder / "demo.sqlite3"
        if Demo.filled is not None:
            database.write_bytes(Demo.filled)
        else:
            super().prepare()
            Demo.filled = database.read_bytes()

    def run(self, *arguments: str) -> None:
        command = [sys.executable, "demo/manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            try:
                return self.get("/")[0] == 302
            except OSError:
                return False

        wait_for(answers, seconds=30)

    @contextlib.contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        path = self.folder / "demo.sqlite3"
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            yield connection

    def ask(self, query: str) -> Any:
        with self.database() as connection:
            return connection.execute(query).fetchone()[0]


def make_demo(folder: Path) -> Demo:
    return Demo(
        folder,
        "demo",
        DJANGO_SETTINGS_MODULE="demo.settings",
        DEMO_DATABASE=str(folder / "demo.sqlite3"),
    )


@pytest.fixture(scope="module")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = make_demo(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.stop()


@pytest.fixture
def demo(_demo: Demo) -> Demo:
    """The demo, running. Shared, database and all: to start one takes three seconds."""
    if _demo.process is None or _demo.process.poll() is not None:
        _demo.start()
    return _demo


def test_page_of_the_machine_shows_values_of_the_machine_in_its_first_response(demo: Demo):
    status, _, body = demo.get(PAGE)
    assert status == 200
    cores = psutil.cpu_count()
    assert f"{cores} core{'s' if cores != 1 else ''}" in body
    assert "Waiting for the first value" not in body.split('id="machine_machine-task"')[0]
    # The busiest processes of this machine, by their numbers.
    pids = [int(pid) for pid in re.findall(r'<td class="dashboards-number">(\d+)</td>', body)]
    assert any(psutil.pid_exists(pid) for pid in pids)


async def until_drawn(page: Page, number: int, *, visible: bool | None = None) -> None:
    """Wait for charts. Loading plotly.js and drawing are two seconds of a core, often shared."""
    charts = page.locator("dashboard-chart .main-svg:first-child").filter(visible=visible)
    await expect(charts).to_have_count(number, timeout=20_000)


def points_of(body: str, key: str) -> list[list[dict[str, Any] | None]]:
    """Return the points of a chart as a page carries them."""
    box = body.split(f'id="machine_machine-{key}-content"')[1].split("</section>", maxsplit=1)[0]
    points = re.findall(r'data-dashboards-point="\d+">(.*?)</script>', box)
    return [json.loads(each) for each in points]


def test_page_opened_later_shows_points_sampled_before(demo: Demo):
    """Nobody was watching, and the samples of that time are shown all the same."""

    def moments() -> list[str]:
        points = points_of(demo.get(PAGE)[2], "memory_history")
        return [each[0]["x"] for each in points if each[0] and each[0]["y"] is not None]

    # Not asked for meanwhile: that is the point.
    time.sleep(3 * SECONDS)
    before = moments()
    assert len(before) >= 3
    demo.kill()
    demo.start()
    # A new server begins a new line, as soon as the turn that the old one computed is over.
    wait_for(lambda: min(moments()) > max(before))


@pytest.mark.asyncio(loop_scope="session")
async def test_chart_that_is_live_grows_by_points(demo: Demo, page: Page):
    await page.goto(f"{demo.url}{PAGE}")
    place = "#machine_machine-processor_history-content [data-dashboards-point]"
    points = page.locator(place)
    await expect(page.locator("#machine_machine")).to_have_attribute("data-dashboards-live", "open")

    async def grow(number: int) -> None:
        least = int(await points.last.get_attribute("data-dashboards-point") or 0) + number
        # At least so many: a busy machine gets two at once.
        await page.wait_for_function(
            """([place, least]) =>
                [...document.querySelectorAll(place)].at(-1).dataset.dashboardsPoint >= least""",
            arg=[place, least],
        )

    # After a time in which nobody watched, the first to come is all that was sampled meanwhile.
    await grow(1)
    await points.last.evaluate("node => { window.kept = node; }")
    await grow(2)
    assert await page.evaluate("window.kept.isConnected"), "the points before were not sent again"


@pytest.mark.asyncio(loop_scope="session")
async def test_page_of_the_machine_updates_by_one_stream_under_a_strict_policy(
    demo: Demo, page: Page
):
    streams: list[Request] = []
    page.on("request", lambda each: streams.append(each) if "@stream/" in each.url else None)
    await page.goto(f"{demo.url}{PAGE}")
    await expect(page.locator("#machine_machine")).to_have_attribute("data-dashboards-live", "open")
    await until_drawn(page, 4)
    processes = page.locator("#machine_machine-processes-content")
    before = await processes.inner_text()
    await expect(processes).not_to_have_text(before, timeout=10_000)
    demo.run("long_task", "--steps", "3", "--seconds", "0.3")
    await expect(page.locator("#machine_machine-task-content progress")).to_have_attribute(
        "value", "3.0"
    )
    await expect(page.locator("#machine_machine-task-content")).to_contain_text("Done")
    assert len(streams) == 1


async def expect_three_ways(page: Page, url: str, holder: str) -> None:
    await page.goto(f"{url}{WAYS}")
    await expect(page.locator("#ways_ways")).to_have_attribute("data-dashboards-live", "open")
    await expect(page.locator("#ways_ways-holder-content")).to_contain_text(holder)
    for place in ("#ways_ways-processor-content", "[sse-swap=sse_stat]"):
        # The first reading of the machine, and the first event, take their time.
        await expect(page.locator(place)).to_contain_text("%", timeout=20_000)
    await until_drawn(page, 3)


@pytest.mark.asyncio(loop_scope="session")
async def test_page_of_three_ways_without_pushpin_updates_all(demo: Demo, page: Page):
    await expect_three_ways(page, demo.url, "This server")
    shown = page.locator("[sse-swap=sse_chart] dashboard-chart > script")
    await expect(shown).not_to_have_text(await shown.inner_text())


@dataclass
class Proxied:
    """What ``make demo-pushpin`` runs."""

    process: subprocess.Popen[bytes]
    port: int
    proxy_port: int
    control_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.proxy_port}"

    def answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{self.url}{WAYS}", timeout=5) as response,
        ):
            return bool(response.status == 200)
        return False


@pytest.fixture
def proxied(demo: Demo) -> Iterator[Proxied]:
    demo.kill()
    # The demo takes the ports beside the control port, too.
    ports = free_port(), free_port(), free_port(4) + 1
    options = zip(("--port", "--proxy-port", "--control-port"), map(str, ports), strict=True)
    with demo.python("demo.pushpin", *sum(options, ()), stdout=subprocess.PIPE) as process:
        proxied = Proxied(process, *ports)
        try:
            wait_for(proxied.answers, seconds=30)
            yield proxied
        finally:
            process.terminate()
            process.wait(60)


@pytest.mark.asyncio(loop_scope="session")
async def test_demo_behind_pushpin_receives_events_of_other_processes_and_stops_at_one_signal(
    demo: Demo, proxied: Proxied, page: Page, monkeypatch: pytest.MonkeyPatch
):
    assert proxied.process.stdout
    assert f"{proxied.url}{WAYS}" in proxied.process.stdout.readline().decode()
    await expect_three_ways(page, proxied.url, "Pushpin")
    control = f"http://localhost:{proxied.control_port}"
    monkeypatch.setitem(demo.environment, "DEMO_GRIP_URL", control)
    # Noted as it comes: the server's own next one may follow at once.
    await page.evaluate(
        """() => document.addEventListener("htmx:before:sse:message", ({ detail }) => {
            window.came ||= detail.data.includes("from afar");
        })"""
    )
    demo.run("send_stat", "from afar")
    await page.wait_for_function("() => window.came")
    await page.goto("about:blank")
    proxied.process.send_signal(signal.SIGINT)
    assert proxied.process.wait(60) == 0
    for port in (proxied.port, proxied.proxy_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("path", [SHOP, PAGE, WAYS, *DESIGN, *PIECES, *EMBEDDED])
async def test_page_of_the_demo_fits_every_width_and_breaks_no_rule_of_wcag(
    demo: Demo, page: Page, path: str
):
    """It requests nothing from other sites. The fixture fails if the console has an error."""
    requested_urls: list[str] = []
    refused: list[str] = []
    page.on("request", lambda each: requested_urls.append(each.url))
    page.on("response", lambda each: refused.append(each.url) if each.status >= 400 else None)
    # So tall that all is in view, and so is loaded.
    await page.set_viewport_size({"width": 390, "height": 9000})
    await page.goto(f"{demo.url}{path}")
    for tab in await page.get_by_role("tab").all():
        await tab.click()
        # A chart is drawn when its tab is opened, once its deferred value has come.
        await expect(page.get_by_text("Loading…").filter(visible=True)).to_have_count(0)
        shown = page.locator("dashboard-chart").filter(visible=True)
        await until_drawn(page, await shown.count(), visible=True)
    await until_drawn(page, await page.locator("dashboard-chart").count())
    await expect(page.get_by_text("Loading…").filter(visible=True)).to_have_count(0)
    assert await find_violations(page) == []
    await page.set_viewport_size({"width": 1920, "height": 900})
    await page.wait_for_function("document.documentElement.scrollWidth === 1920")
    # Whoever has no mouse can scroll what is wider than its box.
    for code in await page.get_by_role("region", name="Source:").all():
        assert await code.get_attribute("tabindex") == "0"
    assert not refused
    assert not [url for url in requested_urls if not url.startswith((demo.url, "data:"))]
    assert "Traceback" not in demo.log


# The pieces, and beside them their code.


def codes_of(html: str) -> list[str]:
    """Return the sources that a page, or a part of it, shows."""
    blocks = re.findall(r"<pre[^>]*>(.*?)</pre>", html, re.DOTALL)
    return [unescape(re.sub(r"<[^>]*>", "", block)) for block in blocks]


def get_as_staff(demo: Demo, path: str) -> str:
    status, headers, body = demo.get(path, Cookie="role=staff")
    assert status == 200, path
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    return body


def declared_in(tree: ast.Module) -> set[str]:
    """Return what the last class, which is the dashboard's, assigns by a call."""
    kind = tree.body[-1]
    assert isinstance(kind, ast.ClassDef)
    declared = [
        node
        for node in kind.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
    ]
    return {ast.unparse(node.targets[0]) for node in declared}


def test_pieces_are_shown_beside_their_code_and_cover_every_kind(demo: Demo):
    named: set[str] = set()
    for path in PIECES:
        body = get_as_staff(demo, path)
        [name] = re.findall(r'<main class="dashboards-dashboard" id="([\w-]+)"', body)
        above, *examples = body.split('<section class="example')
        assert examples
        assert "-content" not in above, path
        for example in examples:
            shown = set(re.findall(rf'id="{name}-(\w+)-content"', example))
            code = codes_of(example)[0]
            tree = ast.parse(code)
            # Made for one request: of these the code names none.
            made = {"deu", "fra"} if "self.components[" in code else set()
            assert shown == declared_in(tree) | made, f"{path} {example[:200]}"
            named |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    parts = {
        name
        for name, kind in vars(layout).items()
        if isinstance(kind, type) and issubclass(kind, layout.LayoutObject)
    } - {"LayoutObject"}
    doors = (component, chart, stat, table)
    assert parts.union(*(door.__all__ for door in doors)) <= named
    assert "ExtractHour" in named
    assert 'good="up",' in "\n".join(codes_of(get_as_staff(demo, "/pieces/figures/")))


def test_embedded_pages_show_their_template_and_menus_link_every_page(demo: Demo):
    shown = '{% render_component figures "takings" %}', '{{ render_component(figures, "takings") }}'
    for path, tag in zip(EMBEDDED, shown, strict=True):
        assert tag in codes_of(get_as_staff(demo, path))[0]
    linked = SHOP, PAGE, WAYS, *DESIGN, *PIECES[:-1], *EMBEDDED
    for path in (PAGE, PIECES[0], EMBEDDED[0]):
        menu = demo.get(path)[2].split("</nav>")[0]
        assert all(f'href="{each}"' in menu for each in linked)


def test_viewers_of_the_demo_see_only_what_their_role_may(demo: Demo):
    board = "/pieces/customerboard/"
    # Who has ordered nothing.
    assert demo.get(f"{board}Leo%20Newman/")[0] == 404
    # Who may not be seen has the same answer: nobody learns which customers there are.
    assert demo.get(f"{board}Astrid%20Lindqvist/")[0] == 404
    assert demo.get(f"{board}Astrid%20Lindqvist/", Cookie="role=staff")[0] == 200
    for role, wages, to_send in (
        ("anybody", False, False),
        ("trainee", False, True),
        ("courier", False, True),
        ("staff", True, True),
    ):
        body = demo.get("/pieces/requests/", Cookie=f"role={role}")[2]
        assert ("€" in body.split("<pre")[0]) is wages, role
        assert ('id="pieces_requests-to_send"' in body) is to_send, role
        assert f"orders for {role}" in body
        assert ("Be staff no more" in body) is (role in ("staff", "trainee"))


YEARS_LATER = """
from django import setup
from django.core.management import call_command
from django.utils import timezone

setup()
from demo.pieces.models import Order

call_command("migrate", verbosity=0)
print(Order.objects.count(), (timezone.now() - Order.objects.latest("placed").placed).days)
call_command("makemigrations", "--check", "--dry-run", verbosity=0)
# Before there was a shop there is nothing to fill.
call_command("migrate", "pieces", "zero", verbosity=0)
"""


def test_shop_of_the_demo_is_filled_once_and_dated_anew(tmp_path: Path):
    shop = make_demo(tmp_path)
    orders = shop.ask("SELECT count(*) FROM pieces_order")
    assert orders > 300
    with shop.database() as connection:
        connection.execute("UPDATE pieces_order SET placed = datetime(placed, '-40 days')")
    # In one process: to start Django takes longer than all of it.
    command = [sys.executable, "-c", YEARS_LATER]
    done = subprocess.run(command, cwd=ROOT, env=shop.environment, check=True, capture_output=True)
    assert done.stdout.split() == [str(orders).encode(), b"0"]


def test_order_of_a_visitor_is_validated_and_replaces_the_oldest(demo: Demo):
    add = "/pieces/forms/@component/add/"
    with httpx.Client(base_url=demo.url, headers={"Accept": "application/json"}) as client:
        assert client.post(add, data={"total": "90"}).status_code == 403
        client.get("/pieces/forms/")
        headers = {"X-CSRFToken": client.cookies["csrftoken"]}
        refused = client.post(add, data={"customer": "x", "total": "3"}, headers=headers)
        assert refused.status_code == 400
        assert refused.json()["total"][0]["message"] == "Nothing is sent below €5."
        with demo.database() as connection:
            fields = "customer_id, category, state, total, placed"
            copy = f"INSERT INTO pieces_order ({fields}) SELECT {fields} FROM pieces_order"
            for _ in range(2):
                connection.execute(copy)
        order = {"customer": "1", "category": "toys", "total": "99.5"}
        assert client.post(add, data=order, headers=headers).json()["success"] is True
    assert demo.ask("SELECT count(*) FROM pieces_order") == 1500
    newest = "SELECT total FROM pieces_order ORDER BY placed DESC LIMIT 1"
    assert float(demo.ask(newest)) == 99.5


@pytest.mark.asyncio(loop_scope="session")
async def test_order_of_a_visitor_updates_every_open_page(
    demo: Demo, page: Page, context: BrowserContext
):
    other = await context.new_page()
    await other.goto(f"{demo.url}{EMBEDDED[0]}")
    await expect(other.locator("#pieces_counter")).to_have_attribute("data-dashboards-live", "open")
    shown = other.locator("#pieces_counter-open-content")
    before = int(await shown.inner_text())

    await page.goto(f"{demo.url}/pieces/forms/")
    form = page.locator("#pieces_forms-add-form")
    await form.get_by_label("Customer").select_option("Jonas Weber")
    await form.get_by_label("Category").select_option("Toys")
    await form.get_by_label("Total").fill("99.50")
    await form.get_by_role("button").click()
    await expect(form).to_contain_text("Every open page has heard of it.")
    await expect(shown).to_have_text(str(before + 1))
    newest = page.locator("#pieces_forms-newest-content tbody tr").first
    await expect(newest).to_contain_text("Jonas Weber")
    await other.close()
