"""Processes that each set up a Django project in a folder, and execute code in it.

As a script it accepts connections to the socket that it is given, and forks for each. It imports
libraries before, so that a project costs a fraction of a second.
"""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

PRELOADED = ("django.test", "pandas", "plotly.express")


class Console:
    """A connection to a process that has set up one project."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def run(self, code: str) -> str:
        """Execute code, whose names are kept, and return what it printed."""
        self._stream.write(json.dumps(code) + "\n")
        self._stream.flush()
        printed, error = json.loads(self._stream.readline())
        assert not error, f"{code}\n{error}{printed}"
        return str(printed)


@contextlib.contextmanager
def consoles(socket_path: Path) -> Iterator[None]:
    """Start the process that forks consoles."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO_", "COV", "PYTHON"))
    }
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path))
        listener.listen()
        fd = listener.fileno()
        command = [sys.executable, __file__, str(fd)]
        process = subprocess.Popen(command, env=environment, pass_fds=[fd], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


@contextlib.contextmanager
def console(socket_path: Path, folder: Path) -> Iterator[Console]:
    """Set up the project in a folder."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(socket_path))
        connection.settimeout(50)
        with connection.makefile("rw") as stream:
            console = Console(stream)
            console.run(_BEGIN.format(str(folder)))
            yield console


_BEGIN = """
import os, sys
os.chdir({0!r})
sys.path[0] = {0!r}
os.environ["DJANGO_SETTINGS_MODULE"] = "mysite.settings"
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
"""


def _serve(listener: socket.socket) -> None:
    for name in PRELOADED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            with connection, connection.makefile("rw") as stream:
                _execute(stream)
            os._exit(0)
        connection.close()


def _execute(stream: Any) -> None:
    names: dict[str, Any] = {"__name__": "__console__"}
    for line in stream:
        error = ""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                exec(compile(json.loads(line), "page", "exec"), names)
            except BaseException:  # noqa: BLE001 - the test shows it
                error = traceback.format_exc()
        stream.write(json.dumps([printed.getvalue(), error]) + "\n")
        stream.flush()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
