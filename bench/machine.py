"""The machine, the system and the versions of a run."""

import platform
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = ("django-live-dashboards", "Django", "django-eventstream", "uvicorn", "uvloop")
_MORE_PACKAGES = ("httptools", "redis", "psycopg")


def describe() -> list[str]:
    """Return lines: the machine, the system, the versions."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in (*_PACKAGES, *_MORE_PACKAGES))
    model = models[0] if models else platform.machine()
    return [
        f"Machine: {psutil.cpu_count()} cores of {model}, {memory:.0f} GiB.",
        f"System: {platform.system()} {platform.release()}, Python {platform.python_version()}.",
        f"Versions: {versions}.",
    ]
