"""The demo as a newcomer meets it: this machine's own figures, and a task in another process."""

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

from demo.machine.sampler import SECONDS
from demo.pieces.source import Module
from tests.harness import ROOT, Site, free_port, wait_for

PAGE = "/machine/machine/"
WAYS = "/ways/ways/"
PIECES = (
    *("/pieces/figures/", "/pieces/charts/", "/pieces/tables/", "/pieces/forms/"),
    *("/pieces/filtered/", "/pieces/layouts/", "/pieces/requests/", "/pieces/customerboard/1/"),
)
EMBEDDED = "/embedded/"


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


@pytest.fixture
def stopped(tmp_path: Path) -> Demo:
    return Demo(
        tmp_path,
        "demo",
        DJANGO_SETTINGS_MODULE="demo.settings",
        DEMO_DATABASE=str(tmp_path / "demo.sqlite3"),
    )


@pytest.fixture
def demo(stopped: Demo) -> Iterator[Demo]:
    stopped.start()
    yield stopped
    stopped.stop()


def test_the_first_byte_carries_true_values(demo: Demo):
    status, _, body = demo.get(PAGE)
    assert status == 200
    cores = psutil.cpu_count()
    assert f"{cores} core{'s' if cores != 1 else ''}" in body
    assert "Waiting for the first value" not in body.split('id="machine_machine-task"')[0]
    # The busiest processes of this machine, by their numbers.
    pids = [int(pid) for pid in re.findall(r'<td class="number">(\d+)</td>', body)]
    assert any(psutil.pid_exists(pid) for pid in pids)


async def until_drawn(page: Page, number: int) -> None:
    """Wait for charts. Loading plotly.js and drawing are two seconds of a core, often shared."""
    charts = page.locator("dashboard-chart .main-svg:first-child")
    await expect(charts).to_have_count(number, timeout=20_000)


def points_of(body: str, key: str) -> list[list[dict[str, Any] | None]]:
    """Return the points of a chart as a page carries them."""
    box = body.split(f'id="machine_machine-{key}-content"')[1].split("</section>", maxsplit=1)[0]
    return [json.loads(each) for each in re.findall(r'data-point="\d+">(.*?)</script>', box)]


def test_the_first_byte_carries_what_was_sampled_before(demo: Demo):
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
async def test_charts_grow_by_points(demo: Demo, page: Page):
    await page.goto(f"{demo.url}/")
    points = page.locator("#machine_machine-processor_history-content [data-point]")
    await expect(page.locator("#machine_machine")).to_have_attribute("data-live", "open")
    last = int(await points.last.get_attribute("data-point") or 0)
    await points.last.evaluate("node => { window.kept = node; }")
    await expect(points.last).to_have_attribute("data-point", str(last + 3), timeout=15_000)
    assert await page.evaluate("window.kept.isConnected"), "the points before were not sent again"


@pytest.mark.asyncio(loop_scope="session")
async def test_one_stream_moves_the_page_and_nothing_is_refused(demo: Demo, page: Page):
    streams: list[Request] = []
    page.on("request", lambda each: streams.append(each) if "stream" in each.url else None)
    await page.goto(f"{demo.url}/")
    await expect(page.locator("#machine_machine")).to_have_attribute("data-live", "open")
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
    await expect(page.locator("#ways_ways")).to_have_attribute("data-live", "open")
    await expect(page.locator("#ways_ways-holder-content")).to_contain_text(holder)
    for place in ("#ways_ways-processor-content", "[sse-swap=sse_stat]"):
        # The first reading of the machine, and the first event, take their time.
        await expect(page.locator(place)).to_contain_text("%", timeout=20_000)
    await until_drawn(page, 3)


@pytest.mark.asyncio(loop_scope="session")
async def test_without_pushpin_all_three_ways_move(demo: Demo, page: Page):
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
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}{WAYS}") as response:
            return bool(response.status == 200)
        return False


@pytest.fixture
def proxied(demo: Demo) -> Iterator[Proxied]:
    demo.kill()
    ports = free_port(), free_port(), free_port()
    options = zip(("--port", "--proxy-port", "--control-port"), map(str, ports), strict=True)
    process = demo.python("demo.pushpin", *sum(options, ()), stdout=subprocess.PIPE)
    proxied = Proxied(process, *ports)
    wait_for(proxied.answers, seconds=30)
    yield proxied
    process.terminate()
    process.wait(15)
    assert process.stdout
    process.stdout.close()


@pytest.mark.asyncio(loop_scope="session")
async def test_with_pushpin_events_come_from_other_processes_and_one_signal_stops_all(
    demo: Demo, proxied: Proxied, page: Page
):
    assert proxied.process.stdout
    assert f"{proxied.url}{WAYS}" in proxied.process.stdout.readline().decode()
    await expect_three_ways(page, proxied.url, "Pushpin")
    demo.environment["DEMO_GRIP_URL"] = f"http://localhost:{proxied.control_port}"
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
    assert proxied.process.wait(15) == 0
    for port in (proxied.port, proxied.proxy_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.asyncio(loop_scope="session")
async def test_it_fits_every_width(demo: Demo, page: Page):
    for path, charts in ((PAGE, 4), (WAYS, 3)):
        await page.goto(f"{demo.url}{path}")
        await until_drawn(page, charts)
        for width in (390, 820, 1440, 1920):
            await page.set_viewport_size({"width": width, "height": 900})
            # Charts follow in the next frames.
            await page.wait_for_function(
                "width => document.documentElement.scrollWidth === width", arg=width
            )


# The pieces, and beside them their code.


def code_of(body: str) -> str:
    """Return the source that a page shows."""
    blocks = re.findall(r"<pre[^>]*>(.*?)</pre>", body, re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", "\n".join(blocks)))


def test_each_piece_stands_beside_its_code(demo: Demo):
    for path in PIECES:
        status, headers, body = demo.get(path)
        assert status == 200
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        [name] = re.findall(r'<main class="dashboard" id="([\w-]+)"', body)
        keys = re.findall(rf'id="{name}-(\w+)-content"', body)
        assert keys, path
        code = code_of(body)
        for key in keys:
            own = rf"^    {key} = \w+\("
            assert re.search(rf"{own}|self\.components\[", code, re.MULTILINE), f"{path} {key}"
    assert 'good="up",' in code_of(demo.get("/pieces/figures/")[2])
    assert "ExtractHour" in code_of(demo.get("/pieces/charts/")[2])
    status, _, body = demo.get(EMBEDDED)
    assert status == 200
    assert '{% render_component figures "takings" %}' in code_of(body)
    # The other dashboards are still led to, and these from them.
    for path in (PAGE, PIECES[0], EMBEDDED):
        menu = demo.get(path)[2].split("</nav>")[0]
        assert all(f'href="{each}"' in menu for each in (PAGE, WAYS, *PIECES[:-1], EMBEDDED))
    assert "Traceback" not in demo.log


def test_code_is_cut_with_all_that_it_names():
    source = """\
import os
from shop import Order, Other

LEAST = 3
MOST = 5


# Counted anew each time.
def count():  # noqa: ANN201
    return Order.count(LEAST)


class Shop(Dashboard):
    count = Stat(value=count)
    other = Stat(value=Other)

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Example("One", Card("count", heading="Orders")),
            Example("Two", "other"),
        )
"""
    assert (
        Module(source).cut("Shop", frozenset(["count"]), "One")
        == """\
from shop import Order


LEAST = 3


# Counted anew each time.
def count():
    return Order.count(LEAST)


class Shop(Dashboard):
    count = Stat(value=count)

    class Layout(Dashboard.Layout):
        components = ComponentLayout(
            Card("count", heading="Orders"),
        )
"""
    )
    assert (
        Module(source).cut("Shop", frozenset(["other"]), "Two")
        == """\
from shop import Other


class Shop(Dashboard):
    other = Stat(value=Other)
"""
    )


def test_the_shop_is_filled_once_and_never_grows_old(stopped: Demo):
    orders = stopped.ask("SELECT count(*) FROM pieces_order")
    assert orders > 300
    with stopped.database() as connection:
        connection.execute("UPDATE pieces_order SET placed = datetime(placed, '-40 days')")
    stopped.run("migrate", "--verbosity", "0")
    assert stopped.ask("SELECT count(*) FROM pieces_order") == orders
    assert stopped.ask("SELECT julianday('now') - julianday(max(placed)) FROM pieces_order") < 1
    stopped.run("makemigrations", "--check", "--dry-run", "--verbosity", "0")
    # Before there was a shop there is nothing to fill.
    stopped.run("migrate", "pieces", "zero", "--verbosity", "0")


def test_orders_are_checked_and_the_oldest_make_room(demo: Demo):
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
async def test_an_order_moves_every_open_page_and_none_is_wider_than_a_phone(
    demo: Demo, page: Page, context: BrowserContext
):
    other = await context.new_page()
    await other.goto(f"{demo.url}{EMBEDDED}")
    await expect(other.locator("#pieces_counter")).to_have_attribute("data-live", "open")
    shown = other.locator("#pieces_counter-open-content")
    before = int(await shown.inner_text())

    await page.set_viewport_size({"width": 390, "height": 900})
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

    for path in ("/pieces/figures/", "/pieces/tables/", EMBEDDED):
        await page.goto(f"{demo.url}{path}")
        assert await page.evaluate("document.documentElement.scrollWidth") == 390, path
        # Whoever has no mouse can scroll what is wider than its box.
        codes = page.get_by_role("region", name="Source:")
        assert await codes.first.get_attribute("tabindex") == "0"
