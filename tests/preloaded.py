"""Python programs in processes that have imported libraries before.

To import Django and a server takes most of a second of a processor, in each of hundreds of
processes. As a program, this module imports them once, and forks for each request.
"""

import atexit
import gc
import json
import os
import resource
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent

# What the test site imports of others, as far as it does not read Django's settings.
LIBRARIES = (
    *("django.contrib.postgres.fields", "django.contrib.sessions.middleware"),
    *("django.contrib.staticfiles.handlers", "django.core.asgi", "django.core.management"),
    *("django.core.serializers.json", "django.db.backends.sqlite3.base"),
    *("django.middleware.common", "django.middleware.gzip", "django.middleware.security"),
    *("django.template.backends.django", "django.views.generic", "gripcontrol", "jinja2"),
    *("uvicorn.lifespan.on", "uvicorn.loops.asyncio", "uvicorn.main"),
    "uvicorn.protocols.http.h11_impl",
)


class Process:
    """A process as of ``python -m`` with these arguments, with the methods of ``Popen``.

    Args:
        arguments: the module, and its arguments.
        environment: its variables.
        streams: its standard input, output and errors.
        is_leader: if it has a session of its own.
    """

    def __init__(
        self,
        *arguments: str,
        environment: Mapping[str, str],
        streams: Sequence[int],
        is_leader: bool = False,
    ) -> None:
        request = {
            "arguments": arguments,
            "environment": dict(environment),
            "is_leader": is_leader,
            "open_files": resource.getrlimit(resource.RLIMIT_NOFILE),
        }
        self._arguments = arguments
        self._news, teller = Pipe(duplex=False)
        with teller:
            message = json.dumps(request).encode()
            socket.send_fds(_forker(), [message], [teller.fileno(), *streams])
        self.pid: int = self._news.recv()
        self._code: int | None = None

    def poll(self) -> int | None:
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._wait(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self._arguments, timeout)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _wait(self, timeout: float | None) -> int | None:
        if self._code is None and self._news.poll(timeout):
            self._code = self._news.recv()
            self._news.close()
        return self._code


@cache
def _forker() -> socket.socket:
    """Start the process that forks the others; it ends with this one."""
    # No module may read settings before those of a request are known.
    unwanted = {"COVERAGE_PROCESS_START", "DJANGO_SETTINGS_MODULE"}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded", str(theirs.fileno())],
            cwd=_ROOT,
            env={name: value for name, value in os.environ.items() if name not in unwanted},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def stop() -> None:
        ours.close()
        process.wait(60)

    atexit.register(stop)
    return ours


def _serve(requests: socket.socket) -> None:
    """Fork for each request, in whose process this returns once its program has ended."""
    for name in LIBRARIES:
        import_module(name)
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, (*files,), *_ = socket.recv_fds(requests, 2**17, 4)
        if not message:
            return None
        if os.fork() == 0:
            requests.close()
            return _run(json.loads(message), *files)
        for file in files:
            os.close(file)


def _run(request: dict[str, Any], told: int, *streams: int) -> None:
    """Run the program in a child, tell the child's number and the code that it ends with."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with Connection(told, readable=False) as teller:
        child = os.fork()
        if child == 0:
            if request["is_leader"]:
                os.setsid()
            teller.send(os.getpid())
        else:
            for stream in streams:
                os.close(stream)
            _, status = os.waitpid(child, 0)
            teller.send(os.waitstatus_to_exitcode(status))
            os._exit(0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, max(streams) + 1)
    os.environ.clear()
    os.environ.update(request["environment"])
    # What the interpreter does with its variables when it starts.
    sys.path[1:1] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    resource.setrlimit(resource.RLIMIT_NOFILE, request["open_files"])
    sys.argv = request["arguments"]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
