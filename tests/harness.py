"""Starts real servers and other processes, and waits for conditions."""

import atexit
import contextlib
import copy
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import IO, Any, Self, TypeVar

from tests.preloaded import Process

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent

# Chromium without a window's code: a page costs it a third of the processor time.
CHROMIUM = "/usr/bin/chromium-headless-shell"
# The machine may be without a network, where these would look for Google's hosts.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# Below the ports that Linux gives to outgoing connections (32768 to 60999). Each worker of
# pytest-xdist has a range of its own, and a process gives no port twice before all were given:
# otherwise another test would take a port before its server listens. 10080 is the last port that
# Chromium refuses to open (ERR_UNSAFE_PORT).
_FIRST_PORT, _PORTS, _WORKERS = 10_100, 5_500, 4
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_ports = count(random.SystemRandom().randrange(_PORTS))


def free_port(number: int = 1) -> int:
    """Return the first of a number of adjacent ports that nothing listens on.

    They are not requested from the kernel: its ports are those of outgoing connections, one of
    which may take such a port before the server that it is meant for starts.
    """
    while True:
        offsets = [next(_ports) % _PORTS for _ in range(number)]
        if offsets[-1] - offsets[0] != number - 1:
            continue
        first = _FIRST_PORT + _worker * _PORTS + offsets[0]
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + number):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


def as_read(html: str) -> str:
    """Return HTML, also in JSON, without the elements that hold a figure's numbers together."""
    return re.sub(r'<span class=\\?"dashboards-figure\\?">([^<]*)</span>', r"\1", html)


def wait_for(condition: Callable[[], T], *, seconds: float = 20, pause: float = 0.02) -> T:
    """Call ``condition`` every ``pause`` seconds until its result is true, and return that."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            msg = f"{condition} was not true within {seconds} s; last {result!r}."
            raise AssertionError(msg)
        time.sleep(pause)


SERVERS: dict[str, list[str]] = {
    "uvicorn": ["uvicorn", "tests.asgi:application", "--port", "{port}", "--log-level", "warning"],
    "uvicorn-workers": [
        *("uvicorn", "tests.asgi:application", "--port", "{port}", "--log-level", "warning"),
        *("--workers", "2"),
    ],
    "uvicorn-reload": [
        *("uvicorn", "tests.asgi:application", "--port", "{port}"),
        *("--reload", "--reload-dir", "{folder}"),
    ],
    "daphne": ["daphne", "tests.asgi:application", "--port", "{port}", "--verbosity", "0"],
    "granian": [
        *("granian", "tests.asgi:application", "--interface", "asgi", "--port", "{port}"),
        *("--host", "0.0.0.0", "--backpressure", "2000"),  # As in containers.
    ],
    "granian-workers": [
        *("granian", "tests.asgi:application", "--interface", "asgi", "--port", "{port}"),
        *("--workers", "2"),
    ],
    "hypercorn": ["hypercorn", "tests.asgi:application", "--bind", "127.0.0.1:{port}"],
    "hypercorn-workers": [
        *("hypercorn", "tests.asgi:application", "--bind", "127.0.0.1:{port}"),
        *("--workers", "2"),
    ],
    "hypercorn-in-process": [
        *("hypercorn", "tests.asgi:application", "--bind", "127.0.0.1:{port}"),
        *("--workers", "0"),
    ],
    "interplay": [
        *("uvicorn", "tests.interplay.asgi:application", "--port", "{port}"),
        *("--log-level", "warning"),
    ],
    "uvicorn-root-path": [
        *("uvicorn", "tests.asgi:application", "--port", "{port}", "--log-level", "warning"),
        *("--root-path", "/sub"),
    ],
    "demo": ["uvicorn", "demo.asgi:application", "--port", "{port}", "--log-level", "warning"],
    "gunicorn": ["gunicorn", "tests.wsgi:application", "--bind", "127.0.0.1:{port}"],
    "gunicorn-uvicorn": [
        *("gunicorn", "tests.asgi:application", "--bind", "127.0.0.1:{port}"),
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--workers", "2"),
    ],
    "runserver": ["django", "runserver", "{port}", "--noreload"],
    "runserver-reload": ["django", "runserver", "{port}"],
}


_KEPT = ("django_migrations", "django_content_type", "auth_permission")
"""Tables with rows in a new database."""


def _has_own_database(environment: Mapping[str, str]) -> bool:
    is_test_site = environment["DJANGO_SETTINGS_MODULE"] == "tests.settings"
    return is_test_site and "TEST_DATABASES" not in environment


@cache
def _migrated() -> Path:
    """Return a new site's SQLite database, made once: migrations take longer than a start."""
    folder = Path(tempfile.mkdtemp(prefix="dashboards-tests-"))
    atexit.register(shutil.rmtree, folder)
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TEST_FOLDER": str(folder),
            "PYTHONPATH": str(ROOT),
        },
        check=True,
    )
    return folder / "db.sqlite3"


class Pusher:
    """A process that pushes what it is told to.

    Args:
        environment: its variables.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._lines = ours.makefile("rw")
            streams = theirs.fileno(), theirs.fileno(), 2
            self._process = Process(
                *("django", "push_values"), environment=environment, streams=streams
            )
        self.pid = self._process.pid

    def ask(self, line: Mapping[str, Any]) -> dict[str, Any]:
        self._lines.write(json.dumps(line) + "\n")
        self._lines.flush()
        answer = self._lines.readline()
        assert answer, "the pusher died"
        reply: dict[str, Any] = json.loads(answer)
        assert "failed" not in reply, reply
        return reply

    def stop(self) -> None:
        self._lines.close()
        self._process.wait(60)


class Site:
    """The test site in a folder of its own, its database included, under one kind of server."""

    ready_path = "/site/quiet/"
    """It is answered with 200 as soon as the server is ready."""

    def __init__(self, folder: Path, server: str = "uvicorn", **environment: str) -> None:
        self.folder = folder
        self.server = server
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TEST_FOLDER": str(folder),
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        # Coverage measures this process only; its start-up hook would slow every child.
        self.environment.pop("COVERAGE_PROCESS_START", None)
        self.process: Process | None = None
        self._pushers: list[Pusher] = []
        self.prepare()

    def prepare(self) -> None:
        """Create its database."""
        if _has_own_database(self.environment):
            shutil.copy(_migrated(), self.folder / "db.sqlite3")
        else:
            self.run("migrate", "--verbosity", "0")

    def twin(self) -> "Site":
        """Return another server of the same site, not started yet."""
        twin = copy.copy(self)
        twin.port = free_port()
        twin.url = f"http://127.0.0.1:{twin.port}"
        return twin

    def python(self, *arguments: str, **kwargs: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, **kwargs)

    def run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "django", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def start(self) -> None:
        words = SERVERS[self.server]
        arguments = [each.format(port=self.port, folder=self.folder) for each in words]
        with Path(os.devnull).open() as nothing, (self.folder / "server.log").open("ab") as log:
            streams = nothing.fileno(), log.fileno(), log.fileno()
            # A group of its own, so that a reloader's child is killed with it.
            self.process = Process(
                *arguments, environment=self.environment, streams=streams, is_leader=True
            )
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        def answers() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log
            try:
                return self.get(self.ready_path)[0] == 200
            except OSError:
                return False

        wait_for(answers, seconds=30)

    def empty(self, app: str = "") -> None:
        """Delete the rows of an app's tables, or of all tables that are empty in a new site."""
        with contextlib.closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=20)) as site:
            tables = site.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            )
            for (name,) in tables.fetchall():
                if name not in _KEPT and name.startswith(app):
                    site.execute(f"DELETE FROM {name}")
            site.commit()

    def renew(self) -> None:
        """Empty its database and its log; start it where it does not run."""
        self.empty()
        log = self.folder / "server.log"
        if log.exists():
            log.write_text("")
        if self.process is None or self.process.poll() is not None:
            self.start()

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        # It may just have ended by itself.
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(60)

    def stop(self) -> None:
        for pusher in self._pushers:
            pusher.stop()
        self._pushers.clear()
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def push(self, **values: Any) -> dict[str, float]:
        """Push to ``Live`` from another process: a management command that stays running."""
        return self.push_to("Live", **values)

    def push_to(self, dashboard: str, **values: Any) -> dict[str, float]:
        """Push to a dashboard from another process."""
        return self._ask_pusher({"@to": dashboard, **values})

    def execute(self, code: str) -> None:
        """Run Python in the pusher's process: a new one takes a second to start."""
        self._ask_pusher({"@run": code})

    def _ask_pusher(self, line: dict[str, Any]) -> dict[str, float]:
        if not self._pushers:
            self._pushers.append(Pusher(self.environment))
        [pusher] = self._pushers
        return pusher.ask(line)

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, headers=names)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def open_stream(self, path: str = "/site/live/@stream/", **headers: str) -> "Stream":
        return Stream(self.port, path, timeout=15, **headers)


class Stream:
    """A held stream, read like a client."""

    def __init__(self, port: int, path: str, *, timeout: float, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self._connection.request("GET", path, headers=names)
            self.response = self._connection.getresponse()
        except BaseException:
            self._connection.close()
            raise
        self._file: IO[bytes] = self.response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def event(self) -> dict[str, str]:
        """Return the next event's fields; empty at the end of the stream."""
        fields: dict[str, list[str]] = {}
        while line := self._file.readline().decode():
            line = line.rstrip("\n")
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields.setdefault(name, []).append(value)
            elif not line and "data" in fields:
                return {name: as_read("\n".join(values)) for name, values in fields.items()}
        return {}

    def until(self, text: str) -> dict[str, str]:
        """Return the first event whose data holds ``text``."""
        while event := self.event():
            if text in event.get("data", ""):
                return event
        msg = f"The stream ended before {text!r} arrived."
        raise AssertionError(msg)

    def position(self, event: dict[str, str]) -> str:
        """Return the position at the end of an event's batch; other values may follow it."""
        while "id" not in event:
            event = self.event()
            assert event, "The stream ended within a batch."
        return event["id"]
