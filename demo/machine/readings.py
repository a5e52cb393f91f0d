"""Readings of this machine by psutil, without double counting."""

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

# Bytes that pass through these are counted at a network card as well.
_VIRTUAL = ("lo", "ifb", "veth", "docker", "br-", "virbr", "cni", "cali", "flannel")


@dataclass(frozen=True, slots=True)
class Counters:
    """Bytes since the machine started."""

    received: int = 0
    sent: int = 0
    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Disk:
    """The space of one file system."""

    mountpoint: str
    total: int
    used: int
    percent: float


@dataclass(frozen=True, slots=True)
class Process:
    """A running program."""

    pid: int
    name: str
    percent: float
    memory: int


def read_counters() -> Counters:
    cards = psutil.net_io_counters(pernic=True)
    real = {name: card for name, card in cards.items() if not name.startswith(_VIRTUAL)} or cards
    disks = psutil.disk_io_counters(perdisk=True) or {}  # None in some containers
    # Linux lists a disk, its partitions and their volumes; only the disk has this device.
    whole = {
        name: disk for name, disk in disks.items() if Path(f"/sys/block/{name}/device").exists()
    } or disks
    return Counters(
        received=sum(card.bytes_recv for card in real.values()),
        sent=sum(card.bytes_sent for card in real.values()),
        read=sum(disk.read_bytes for disk in whole.values()),
        written=sum(disk.write_bytes for disk in whole.values()),
    )


def read_disks() -> list[Disk]:
    """Return the file systems, each once wherever it is mounted, the root first."""
    mountpoints = {"/", *(each.mountpoint for each in psutil.disk_partitions())}
    disks: dict[tuple[int, int], Disk] = {}
    for mountpoint in sorted(mountpoints, key=lambda each: (len(each), each)):
        try:
            usage = psutil.disk_usage(mountpoint)
        except OSError:
            continue  # An empty drive, or no permission.
        if usage.total:
            disk = Disk(mountpoint, usage.total, usage.used, usage.percent)
            disks.setdefault((usage.total, usage.free), disk)
    return list(disks.values())


class ProcessWatch:
    """Measures which processes are busy: the time that they used between two calls.

    Not thread-safe: the sampler's thread is the only one that calls it.
    """

    def __init__(self) -> None:
        self._moment = 0.0
        self._used: dict[tuple[int, float], float] = {}

    def busiest(self, count: int) -> list[Process]:
        moment, used, seen = time.monotonic(), {}, []
        for process in psutil.process_iter(["name", "create_time", "cpu_times", "memory_info"]):
            info = process.info
            if not info["cpu_times"] or not info["memory_info"]:
                continue  # No permission, or it has ended.
            # A pid may be used again; together with the start time it names one process.
            identity = (process.pid, info["create_time"])
            used[identity] = info["cpu_times"].user + info["cpu_times"].system
            spent = used[identity] - self._used.get(identity, used[identity])
            percent = 100 * spent / (moment - self._moment)
            seen.append(Process(process.pid, info["name"] or "?", percent, info["memory_info"].rss))
        self._moment, self._used = moment, used
        return sorted(seen, key=lambda each: (-each.percent, -each.memory))[:count]
