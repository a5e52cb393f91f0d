"""The pool of threads for computed values."""

import asyncio
import subprocess
import sys
import threading

import pytest

from dashboards.live.workers import Workers

HANGING_PROGRAM = """
import asyncio, threading, time
from django.conf import settings
settings.configure()
from dashboards.live.workers import Workers

async def main():
    started = threading.Event()
    def hang():
        started.set()
        time.sleep(3600)
    task = asyncio.create_task(Workers(1, "hangs").run(hang))
    while not started.is_set():
        await asyncio.sleep(0.01)
    task.cancel()

asyncio.run(main())
"""


async def test_call_result_and_error_reach_awaiting_task():
    workers = Workers(1, "test")
    assert await workers.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await workers.run(divmod, 7, 0)
    workers.close(seconds=5)


async def test_thread_count_limited_and_zero_after_close():
    workers = Workers(2, "test")
    names = await asyncio.gather(
        *(workers.run(lambda: threading.current_thread().ident) for _ in range(20))
    )
    assert len(set(names)) <= 2
    workers.close(seconds=5)
    assert not [each for each in threading.enumerate() if each.name == "test"]
    assert await workers.run(divmod, 1, 1) == (1, 0), "it can be used again"
    workers.close(seconds=5)


async def test_call_where_no_thread_can_be_started_fails_and_the_next_one_runs(
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: if the system allowed no more threads for a moment, each later call waited for
    a thread that had not been started. So did all reads of the store, for ever."""
    workers = Workers(2, "test")
    with monkeypatch.context() as patched:
        patched.setattr("dashboards.live.workers.start", lambda thread: False)
        with pytest.raises(RuntimeError, match="No thread can be started for test"):
            await workers.run(int)
    assert await asyncio.wait_for(workers.run(int), 5) == 0
    with monkeypatch.context() as patched:
        patched.setattr("dashboards.live.workers.start", lambda thread: False)
        answers = await asyncio.gather(workers.run(int), workers.run(int))
        assert list(answers) == [0, 0]
    workers.close(seconds=5)


async def test_calls_run_concurrently_up_to_size():
    workers = Workers(2, "test")
    both = threading.Barrier(2, timeout=5)
    await asyncio.gather(workers.run(both.wait), workers.run(both.wait))
    workers.close(seconds=5)


async def test_cancelled_call_keeps_its_thread_only():
    workers = Workers(2, "test")
    end = threading.Event()
    hanging = asyncio.create_task(workers.run(end.wait, 30))
    await asyncio.sleep(0.05)
    hanging.cancel()
    assert await asyncio.wait_for(workers.run(divmod, 1, 1), 5) == (1, 0)
    end.set()
    workers.close(seconds=5)


def test_hanging_call_does_not_stop_process_exit():
    subprocess.run([sys.executable, "-c", HANGING_PROGRAM], check=True, timeout=20)
