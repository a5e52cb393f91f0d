"""This machine, live."""

import platform
import socket
import time
from collections.abc import Sequence

import psutil

from dashboards.component import CTA, Gauge, Progress, Stat, Text
from dashboards.contrib.system.dashboards import System
from dashboards.dashboard import Dashboard
from dashboards.live import Every
from dashboards.permissions import AllowAny
from dashboards.registry import registry
from demo.machine import charts
from demo.machine.readings import Disk, Process
from demo.machine.sampler import SECONDS, sampler
from demo.machine.tables import DiskTable, ProcessTable
from demo.machine.units import duration, part, rate

EVERY = Every(seconds=SECONDS)
BANDS = (
    {"end": 75, "level": "neutral"},
    {"end": 90, "level": "warning", "text": "Busy"},
    {"level": "critical", "text": "Full"},
)
STAGES = ("reading images", "resizing images", "writing thumbnails")


def processor() -> dict[str, object]:
    now = sampler.latest()
    cores = len(now.cores)
    return {
        "value": now.processor,
        "text": f"{now.processor:.0f} %",
        "sub_text": f"{cores} cores" if cores > 1 else "1 core",
    }


def memory() -> dict[str, object]:
    now = sampler.latest()
    percent = 100 * now.memory_used / now.memory_total
    return {
        "value": percent,
        "text": f"{percent:.0f} %",
        "sub_text": part(now.memory_used, now.memory_total),
    }


def swap() -> dict[str, object]:
    now = sampler.latest()
    if not now.swap_total:
        return {"text": "Off", "sub_text": "none is set up"}
    return {
        "text": f"{100 * now.swap_used / now.swap_total:.0f} %",
        "sub_text": part(now.swap_used, now.swap_total),
    }


def load() -> dict[str, object]:
    one, five, fifteen = sampler.latest().load
    return {
        "text": one,
        "sub_text": f"{five:.2f} in 5, {fifteen:.2f} in 15 minutes",
        "sparkline": [sample.load[0] for sample in sampler.history()],
    }


def network() -> dict[str, object]:
    now = sampler.latest()
    return {"text": rate(now.received), "sub_text": f"in, {rate(now.sent)} out"}


def disk_activity() -> dict[str, object]:
    now = sampler.latest()
    return {"text": rate(now.written), "sub_text": f"written, {rate(now.read)} read"}


def uptime() -> dict[str, object]:
    return {
        "text": duration(time.time() - psutil.boot_time()),
        "sub_text": f"{socket.gethostname()}, {platform.system()} {platform.release()}",
    }


def busiest() -> Sequence[Process]:
    return sampler.latest().processes


def disks() -> Sequence[Disk]:
    return sampler.latest().disks


@registry.register
class Machine(Dashboard):
    """Computed values, each once for all viewers, and a task pushed from another process."""

    processor = Gauge(value=processor, bands=BANDS, live=EVERY, grid_css_classes="span-2")
    memory = Gauge(value=memory, bands=BANDS, live=EVERY, grid_css_classes="span-2")
    load = Stat(value=load, decimals=2, live=EVERY, grid_css_classes="span-2")
    network = Stat(value=network, live=EVERY, grid_css_classes="span-2")
    disk_activity = Stat(value=disk_activity, live=EVERY, grid_css_classes="span-2")
    uptime = Stat(value=uptime, live=EVERY, grid_css_classes="span-2")

    processor_history = charts.processor(
        title="Processor, each core",
        bands=BANDS,
        css_classes="dashboards-chart-tall",
        grid_css_classes="span-8",
    )
    processes = ProcessTable(
        value=busiest, live=EVERY, title="Busiest processes", grid_css_classes="span-4"
    )

    memory_history = charts.memory(
        title="Memory and swap",
        bands=BANDS,
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )
    network_history = charts.network(
        title="Network rates",
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )
    disk_history = charts.disk(
        title="Disk rates",
        css_classes="dashboards-chart-short",
        grid_css_classes="span-4",
    )

    disks = DiskTable(value=disks, live=EVERY, title="File systems", grid_css_classes="span-4")
    task = Progress(live=True, title="Long task", steps=STAGES, grid_css_classes="span-6")
    swap = Stat(value=swap, live=EVERY, grid_css_classes="span-2")
    hint = Text(
        value=".venv/bin/python demo/manage.py long_task",
        template="machine/hint.html",
        title="",
        cta=CTA(href="/ways/ways/", text="Three ways to send values"),
        grid_css_classes="span-12",
    )

    class Meta:
        name = "This machine"


@registry.register
class Site(System):
    """The ready-made dashboard of the site, for everybody: the demo has no users."""

    class Meta:
        name = "This site"
        app_label = "machine"
        permission_classes = (AllowAny,)
