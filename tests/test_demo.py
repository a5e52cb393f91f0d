"""The demo as a newcomer meets it: this machine's own figures, and a task in another process."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.async_api import Page, Request, expect

from demo.machine.sampler import SECONDS
from tests.harness import ROOT, Site, wait_for

PAGE = "/machine/machine/"


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
    charts = page.locator("dashboard-chart .main-svg:first-child")
    await expect(charts).to_have_count(4)
    processes = page.locator("#machine_machine-processes-content")
    before = await processes.inner_text()
    await expect(processes).not_to_have_text(before, timeout=10_000)
    demo.run("long_task", "--steps", "3", "--seconds", "0.3")
    await expect(page.locator("#machine_machine-task-content progress")).to_have_attribute(
        "value", "3.0"
    )
    await expect(page.locator("#machine_machine-task_status-content")).to_contain_text("Done")
    assert len(streams) == 1


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("width", [390, 820, 1440, 1920])
async def test_it_fits_every_width(demo: Demo, page: Page, width: int):
    await page.set_viewport_size({"width": width, "height": 900})
    await page.goto(f"{demo.url}/")
    await expect(page.locator("dashboard-chart .main-svg:first-child")).to_have_count(4)
    assert await page.evaluate("document.documentElement.scrollWidth") == width
