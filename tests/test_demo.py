"""The demo as a newcomer meets it: this machine's own figures, and a task in another process."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.async_api import Page, Request, expect

from demo.machine.sampler import SECONDS
from tests.harness import ROOT, Site, free_port, wait_for

PAGE = "/machine/machine/"
WAYS = "/ways/ways/"


class Demo(Site):
    """The demo with a database of its own."""

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


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(
        tmp_path,
        "demo",
        DJANGO_SETTINGS_MODULE="demo.settings",
        DEMO_DATABASE=str(tmp_path / "demo.sqlite3"),
    )
    demo.start()
    yield demo
    demo.stop()


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
@pytest.mark.parametrize("width", [390, 820, 1440, 1920])
async def test_it_fits_every_width(demo: Demo, page: Page, width: int):
    await page.set_viewport_size({"width": width, "height": 900})
    for path, charts in ((PAGE, 4), (WAYS, 3)):
        await page.goto(f"{demo.url}{path}")
        await until_drawn(page, charts)
        assert await page.evaluate("document.documentElement.scrollWidth") == width
