"""The event loop beside a test, when the test ends early."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async

from dashboards.live.compute.pool import POOL
from dashboards.testing.isolation import get_isolation, isolate
from dashboards.testing.portal import Portal


class EndedError(BaseException):
    """Ends a test, as a timeout of pytest does."""


def end() -> None:
    raise EndedError


@pytest.fixture
def portal() -> Iterator[Portal]:
    portal = Portal()
    yield portal
    portal.stop()


@pytest.mark.parametrize("error", [EndedError, KeyboardInterrupt])
def test_error_that_ends_a_test_ends_neither_event_loop_nor_later_calls(
    portal: Portal, error: type[BaseException]
):
    """Regression: Ctrl-C while a view ran ended the event loop, and the test waited for it for
    ever. After a timeout the next call waited for the loop, which waited for the test's thread."""

    def fail() -> None:
        raise error

    async def work() -> int:
        # The call that was ended is over by now.
        await asyncio.sleep(0.05)
        return await sync_to_async(threading.get_ident)()

    with pytest.raises(error):
        portal.call(sync_to_async(fail))
    assert portal.call(work) == threading.get_ident()


def test_isolation_that_fails_to_end_leaves_threads_to_the_next_test(
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: if a timeout ended the end of a test, the event loop stayed, and values of the
    next tests waited for its thread."""
    with isolate():
        portal = get_isolation("this test").portal
        monkeypatch.setattr(portal, "run_until_idle", end)
        with pytest.raises(EndedError):
            get_isolation("this test").stop()
        monkeypatch.undo()
        assert POOL.executor is None
        assert not portal._thread.is_alive()
        get_isolation("this test")._portal = None
