"""Starts and stops the servers that are measured, and reads the kernel's figures of them."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from tests.harness import ROOT, free_port, wait_for

MEMORY = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
DATABASE = {"BACKEND": "dashboards.live.stores.database.DatabaseStore"}

# One set of options for all. uvloop and httptools are what uvicorn[standard] brings, and what
# uvicorn then takes by itself; named here, so that a run without them fails and does not differ.
UVICORN = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]


def environment(site: str, folder: Path, **more: Any) -> dict[str, str]:
    """Return the environment of a site's process; ``more`` is passed as JSON."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "bench.sites.settings",
        "BENCH_SITE": site,
        "BENCH_FOLDER": str(folder),
        "PYTHONPATH": str(ROOT),
        **{f"BENCH_{name.upper()}": json.dumps(value) for name, value in more.items()},
    }


def prepare(folder: Path, **more: Any) -> str:
    """Create a site's database; return the key of a session in it."""
    answer = subprocess.run(
        [sys.executable, "-m", "bench.sites.prepare"],
        cwd=ROOT,
        env=environment("ours", folder, **more),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return answer.stdout.strip()


@cache
def _template() -> tuple[Path, str]:
    """A folder with a database, created once a run and copied for each server."""
    folder = Path(tempfile.mkdtemp(prefix="dashboards-bench-"))
    return folder, prepare(folder)


def clean_up() -> None:
    """Remove the folder that the servers' folders were copied from."""
    if _template.cache_info().currsize:
        shutil.rmtree(_template()[0])


class Server:
    """One site under uvicorn, in a process of its own.

    Args:
        site: a module of ``bench.sites``.
        folder: where its database is.
        session: the key of a session in that.
        **more: ``store`` and ``database``, as in Django's settings; ``grip``, the settings of
            a site behind Pushpin.
    """

    def __init__(self, site: str, folder: Path, session: str, **more: Any) -> None:
        self.site = site
        self.folder = folder
        self.session = session
        self.port = free_port()
        self._log = folder / "server.log"
        command = [sys.executable, "-m", "uvicorn", f"bench.sites.{site}:application"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port), *UVICORN],
                cwd=ROOT,
                env=environment(site, folder, **more),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._kernel = psutil.Process(self._process.pid)
        wait_for(self._answers, seconds=30)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(self._log.read_text())
        try:
            self.ask("state")
        except (OSError, ValueError):
            return False
        return True

    def ask(self, what: str, **arguments: float) -> dict[str, Any]:
        """Send a request to the site's ``Control``; 404 of a site without one is accepted."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/control/{what}?{urlencode(arguments)}")
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        answer: dict[str, Any] = json.loads(body) if response.status == 200 else {}
        return answer

    def push(self, first: int, count: int, rate: float) -> None:
        """Push from a thread of the server, and wait for its end."""
        self.ask("start", first=first, count=count, rate=rate)
        if rate:
            time.sleep(count / rate)
        while self.ask("state")["pushing"]:
            time.sleep(0.05)

    def request(self, path: str, port: int | None = None) -> bytes:
        """Return a GET with a session's cookie, as a browser's stream would send it.

        Args:
            path: the path of the URL.
            port: the port of the proxy, if there is one.
        """
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port or self.port}",
            "Accept: text/event-stream",
            f"Cookie: sessionid={self.session}",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    @property
    def cpu(self) -> float:
        """Seconds of processor time of all its threads.

        The clock behind ``psutil``'s ``cpu_times``, which counts in hundredths of a second.
        """
        return time.clock_gettime(~self._process.pid << 3 | 2)

    @property
    def rss(self) -> int:
        """Bytes of memory in use."""
        size: int = self._kernel.memory_info().rss
        return size

    @property
    def blocks(self) -> int:
        """The number of memory blocks that Python has allocated, after a garbage collection."""
        number: int = self.ask("blocks")["blocks"]
        return number

    @property
    def threads(self) -> int:
        """The number of its threads."""
        number: int = self._kernel.num_threads()
        return number

    @property
    def database_connections(self) -> int:
        """The number of times that it has the SQLite database open."""
        database = str(self.folder / "db.sqlite3")
        return sum(file.path == database for file in self._kernel.open_files())

    @property
    def complaints(self) -> str:
        """The text of its log."""
        return self._log.read_text()

    def stop(self) -> None:
        """Kill it: the time that a server waits for its connections is not measured."""
        self._process.kill()
        self._process.wait(10)


@contextlib.contextmanager
def serving(site: str, **more: Any) -> Iterator[Server]:
    """Serve a site from a folder of its own."""
    template, session = _template()
    folder = Path(tempfile.mkdtemp(prefix="dashboards-bench-"))
    shutil.copytree(template, folder, dirs_exist_ok=True)
    server = Server(site, folder, session, **more)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
