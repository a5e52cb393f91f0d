"""A store in memory that several processes of a site use, each its own."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from dashboards.live.stores import processes
from dashboards.live.stores.memory import MemoryStore
from tests.conftest import MakeSite
from tests.harness import Site, wait_for

MESSAGE = "MemoryStore is used by more than one process of this site."
MEMORY = json.dumps({"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}})


@pytest.fixture
def make_memory_site(make_site: MakeSite, tmp_path: Path) -> Callable[[str], tuple[Site, Path]]:
    """Make a site with one log file for all its processes, including those that push."""
    log = tmp_path / "log"
    log.touch()
    handler = {"class": "logging.FileHandler", "filename": str(log)}
    logs = {"version": 1, "handlers": {"file": handler}, "root": {"handlers": ["file"]}}

    def make(server: str) -> tuple[Site, Path]:
        return make_site(server, TEST_STORES=MEMORY, TEST_LOGGING=json.dumps(logs)), log

    return make


def test_memory_store_with_several_workers_is_logged(make_memory_site: Any):
    """Regression: with two workers each had live state of its own. Pages missed every second push,
    and no log line gave the reason."""
    site, log = make_memory_site("uvicorn-workers")

    def is_said() -> bool:
        assert site.get("/site/live/")[0] == 200
        return MESSAGE in log.read_text()

    wait_for(is_said, seconds=30)


def test_push_to_memory_of_other_process_is_logged_once(make_memory_site: Any):
    """Regression: the push of a management command to a site with a store in memory was lost
    without a log line."""
    site, log = make_memory_site("uvicorn")
    assert site.get("/site/live/")[0] == 200
    for number in range(3):
        site.push(number=number)
    assert log.read_text().count(MESSAGE) == 1
    assert f"({site._pushers[0].pid})" in log.read_text()


@pytest.fixture
def _outside_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Use a lock file of the test's own, and check it."""
    monkeypatch.delattr(mail, "outbox", raising=False)
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0)
    monkeypatch.setattr(processes, "make_private_folder", lambda: tmp_path)
    monkeypatch.setattr(processes, "_files", {})


HOLDER = """
import sys, time
from fcntl import LOCK_EX, lockf
file = open(sys.argv[1], "w")
lockf(file, LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("_outside_tests")
def test_several_memory_stores_in_one_process_not_logged(caplog: pytest.LogCaptureFixture):
    for _ in range(3):
        store = MemoryStore({})
        store.put("channel", {"a": "1"})
        store.since("channel", None)
    assert caplog.messages == []


@pytest.mark.usefixtures("_outside_tests")
def test_worker_restart_not_logged_as_second_process(
    caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A worker that is restarted overlaps with its successor for a moment. That is not a site of
    two processes."""
    MemoryStore({}).since("channel", None)
    [path] = processes._files
    processes._forget()
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 60)
    store = MemoryStore({})
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        store.since("channel", None)
        store.put("channel", {"a": "1"})
        other.kill()
    store.since("channel", None)
    monkeypatch.setattr(processes, "_GRACE_SECONDS", 0)
    store.since("channel", None)
    assert caplog.messages == []
    assert path in processes._files


@pytest.mark.usefixtures("_outside_tests")
def test_lock_unavailable_logs_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def refuse() -> Path:
        raise PermissionError

    caplog.set_level(logging.INFO)
    monkeypatch.setattr(processes, "make_private_folder", refuse)
    MemoryStore({}).put("channel", {"a": "1"})
    assert caplog.messages == []
