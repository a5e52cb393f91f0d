"""Serves the demo as ``make demo`` does, with its static files collected once a run."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tests.harness import Site


class _Demo(Site):
    ready_path = "/pieces/tables/"


@cache
def _static() -> Path:
    """A folder for static files: to compress them takes longer than to measure a page."""
    return Path(tempfile.mkdtemp(prefix="dashboards-bench-static-"))


def clean_up() -> None:
    """Remove the static files."""
    if _static.cache_info().currsize:
        shutil.rmtree(_static())


@contextmanager
def serving_demo() -> Iterator[Site]:
    """Serve the demo with a database of its own."""
    is_collected = bool(_static.cache_info().currsize)
    with tempfile.TemporaryDirectory() as folder:
        demo = _Demo(
            Path(folder),
            "demo",
            DJANGO_SETTINGS_MODULE="demo.settings",
            DEMO_DATABASE=f"{folder}/demo.sqlite3",
            DEMO_STATIC_ROOT=str(_static()),
        )
        if not is_collected:
            demo.run("collectstatic", "--no-input", "--verbosity", "0")
        demo.start()
        try:
            yield demo
        finally:
            demo.stop()
