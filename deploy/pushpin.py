"""Pushpin on a machine without Docker: all of its programs, in a private folder, on chosen ports.

``python -m deploy.pushpin`` starts it before a site on port 8000. It needs Debian's packages
``pushpin`` and ``zurl``. The configuration is ``pushpin.conf`` beside this file.
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = Path(__file__).with_name("pushpin.conf")
_INTERNAL = Path("/usr/lib/pushpin/internal.conf")
_STOP_SECONDS = 5


@dataclass(frozen=True)
class Ports:
    """Where it listens on 127.0.0.1; by default where Pushpin's own configuration says."""

    http: int = 7999
    """Browsers connect here."""
    push: int = 5560
    """Publishing by ZMQ."""
    control: int = 5561
    """Publishing by HTTP: ``GRIP_URL``."""
    subscribe: int = 5562
    command: int = 5563
    """Where ZMQ publishers learn the other addresses: ``control_zmq_uri``."""


class Pushpin:
    """One Pushpin with its condure and its zurl.

    Args:
        folder: what it writes goes here; short, for it holds sockets.
        backend: the port of the site behind it, on 127.0.0.1.
        ports: where it listens.
        key: signs the requests that it passes on.
        options: more options of its section ``handler``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        backend: int,
        ports: Ports = Ports(),
        key: str = "changeme",
        options: Mapping[str, str] = {},
    ) -> None:
        self.folder = folder
        self.ports = ports
        self.url = f"http://127.0.0.1:{ports.http}"
        self.control_url = f"http://127.0.0.1:{ports.control}"
        self.control_zmq_uri = f"tcp://127.0.0.1:{ports.command}"
        self.command = ["pushpin", "--config", str(folder / "pushpin.conf")]
        """What starts it."""
        self._process: subprocess.Popen[bytes] | None = None
        self._needed = (ports.http, ports.control, ports.command)
        self._write(backend, key, options)

    def _write(self, backend: int, key: str, options: Mapping[str, str]) -> None:
        conf, ports = ConfigParser(interpolation=None), self.ports
        conf.read(_CONFIGURATION)
        conf["global"].update(
            {
                "include": str(self.folder / "internal.conf"),
                "rundir": str(self.folder / "run"),
            }
        )
        conf["runner"].update(
            {
                # Debian's list leaves zurl out, and expects the system's own.
                "services": "condure,zurl,pushpin-proxy,pushpin-handler",
                "http_port": f"127.0.0.1:{ports.http}",
                "logdir": str(self.folder / "log"),
            }
        )
        conf["proxy"]["sig_key"] = key
        conf["handler"].update(
            {
                "push_in_spec": f"tcp://127.0.0.1:{ports.push}",
                "push_in_sub_specs": f"tcp://127.0.0.1:{ports.subscribe}",
                "command_spec": f"tcp://127.0.0.1:{ports.command}",
                "push_in_http_port": str(ports.control),
                **options,
            }
        )
        for name in ("run", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        with (self.folder / "pushpin.conf").open("w") as file:
            conf.write(file, space_around_delimiters=False)
        # Debian's points at the sockets of the system's zurl.
        internal = _INTERNAL.read_text()
        sockets = "ipc://{rundir}/{ipc_prefix}zurl-"
        internal = internal.replace("ipc:///var/run/zurl/zurl-", sockets)
        (self.folder / "internal.conf").write_text(internal)
        (self.folder / "routes").write_text(f"* 127.0.0.1:{backend},over_http\n")

    @property
    def log(self) -> str:
        """What its programs wrote."""
        return "".join(file.read_text() for file in sorted((self.folder / "log").iterdir()))

    @property
    def processes(self) -> list[int]:
        """The process that was started, and those of its programs."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [self._process.pid, *map(int, children.read_text().split())]

    def start(self) -> None:
        """Start it and wait until it takes requests.

        Raises:
            RuntimeError: it did not start.
        """
        for port in filter(_listens, self._needed):
            # Otherwise whoever listens there would be taken for it.
            msg = f"Pushpin did not start: port {port} is in use."
            raise RuntimeError(msg)
        with (self.folder / "log" / "runner.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        end = time.monotonic() + 15
        while not (all(map(_listens, self._needed)) and _answers(self.ports.http)):
            if self._process.poll() is not None or time.monotonic() > end:
                msg = f"Pushpin did not start:\n{self.log}"
                raise RuntimeError(msg)
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as an operator does."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill all of its programs at once."""
        assert self._process is not None
        if self._process.poll() is not None:
            return
        # Each of its programs has a process group of its own, and would outlive it.
        for program in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, signal.SIGKILL)
        self._process.wait()
        end = time.monotonic() + _STOP_SECONDS
        while any(map(_listens, self._needed)) and time.monotonic() < end:
            time.sleep(0.02)

    def wait(self) -> int:
        """Wait until it ends by itself; return its exit status."""
        assert self._process is not None
        return self._process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    """Whether a request gets an answer, whatever it is: the site behind may not be there yet.

    It listens before its programs have found each other, and loses what comes until then.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as probe:
            probe.sendall(f"OPTIONS / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            return bool(probe.recv(1))
    except OSError:
        return False


@contextlib.contextmanager
def pushpin(
    backend: int,
    ports: Ports = Ports(),
    *,
    key: str = "changeme",
    options: Mapping[str, str] = {},
) -> Iterator[Pushpin]:
    """Run Pushpin in a folder of its own, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pushpin-"))
    proxy = Pushpin(folder, backend=backend, ports=ports, key=key, options=options)
    try:
        proxy.start()
        yield proxy
    finally:
        proxy.stop()
        shutil.rmtree(folder)


def main() -> int:
    """Run until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.pushpin", description=__doc__)
    parser.add_argument("--backend", type=int, default=8000, help="the site's port (8000)")
    parser.add_argument("--port", type=int, default=Ports.http, help="browsers' port (7999)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with (
        contextlib.suppress(KeyboardInterrupt),
        pushpin(arguments.backend, Ports(http=arguments.port)) as proxy,
    ):
        sys.stdout.write(f"Pushpin: {proxy.url} before port {arguments.backend}\n")
        sys.stdout.flush()
        return proxy.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
