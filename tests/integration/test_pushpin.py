"""The launcher of Pushpin, which the tests of the proxy use."""

import socket
from pathlib import Path

import pytest

from deploy.pushpin import Ports, pushpin
from tests.harness import free_port, wait_for

PROGRAMS = {"pushpin", "condure", "zurl", "pushpin-proxy", "pushpin-handler"}


def names_of(processes: list[int]) -> set[str]:
    return {Path(f"/proc/{process}/comm").read_text().strip() for process in processes}


def test_pushpin_listens_on_given_ports_until_stopped():
    ports = Ports(*(free_port() for _ in range(5)))
    with pushpin(free_port(), ports) as proxy:
        folder = proxy.folder
        wait_for(lambda: names_of(proxy.processes) == PROGRAMS)
        for port in (ports.http, ports.push, ports.control, ports.subscribe, ports.command):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports.http), timeout=5)


def test_pushpin_killed_stops_its_programs_and_restarts():
    """Regression: its programs went on without it, and the next Pushpin could not listen on its
    ports."""
    ports = Ports(*(free_port() for _ in range(5)))
    with pushpin(free_port(), ports) as proxy:
        proxy.kill()
        for port in (ports.http, ports.control, ports.command):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=5)
        proxy.start()
        socket.create_connection(("127.0.0.1", ports.http), timeout=5).close()


def test_pushpin_start_failure_gives_reason():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = Ports(taken.getsockname()[1], *(free_port() for _ in range(4)))
        with pytest.raises(RuntimeError, match=r"(?s)did not start.*in use"), pushpin(1, ports):
            pass
