"""State of this process that no test may leave to the next: the store, the clock, the outbox."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import connections
from django.test.utils import override_settings

from dashboards import conf
from dashboards.live.access.revocations import revocations
from dashboards.live.asgi import LiveStreamMiddleware
from dashboards.live.clock import SYSTEM_CLOCK
from dashboards.live.compute.pool import POOL
from dashboards.live.publish import pushed
from dashboards.live.stores import get_store
from dashboards.live.stores.memory import MemoryStore
from dashboards.registry import registry
from dashboards.testing.clock import FakeClock
from dashboards.testing.outbox import outbox, record
from dashboards.testing.portal import Portal

_MEMORY = {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}
_THREAD_SECONDS = 0.1


class Isolation:
    """The server of one test: a clock, an event loop and the ASGI application in it.

    The loop starts with the first stream.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._portal: Portal | None = None
        self._application: LiveStreamMiddleware | None = None

    @property
    def portal(self) -> Portal:
        """The event loop. Until it is stopped, values are computed in the test's thread."""
        if _is_in_event_loop():
            msg = "Async tests call the functions that begin with an a: aconnect(), aexpect(), …"
            raise RuntimeError(msg)
        if self._portal is None:
            self._portal = Portal()
            POOL.executor = self._portal.test_thread
        return self._portal

    @property
    def application(self) -> LiveStreamMiddleware:
        """The ASGI application of the project. Each test has its own, as each process has."""
        if self._application is None:
            store = get_store()
            if store.clock is SYSTEM_CLOCK:
                # The test has chosen a store of its own.
                store.clock = self.clock
            self._application = LiveStreamMiddleware(get_asgi_application())
        return self._application

    def catch_up(self) -> None:
        """Wait until all that was pushed or revoked has arrived.

        Within a running event loop, whose thread may not block, it does nothing.
        """
        if _is_in_event_loop():
            return
        commit()
        revocations.flush()
        if self._portal is not None:
            self._portal.run_until_idle()

    def wait(self, seconds: float) -> float:
        """Let time pass until something is due, and wait for that.

        Args:
            seconds: how much time may pass.

        Returns:
            How much time has passed; 0 if nothing is due by then.
        """
        moved = self.clock.advance_to_next(seconds)
        if moved and not isinstance(get_store(), MemoryStore):
            # It works in threads of its own, which take their time.
            self.portal.call(asyncio.sleep, _THREAD_SECONDS)
        self.catch_up()
        return moved

    def stop(self) -> None:
        """Close the streams and end the loop."""
        if self._portal is None:
            return
        try:
            self._portal.stop()
        finally:
            POOL.executor = None


_active: list[Isolation] = []
"""Those that have begun: the last one counts."""


def get_isolation(caller: str) -> Isolation:
    """Return the isolation of the test that runs.

    Raises:
        RuntimeError: the test is not isolated.
    """
    if not _active:
        msg = (
            f"{caller} needs a test that is isolated from others. With pytest it is, if Django and "
            "dashboards are installed. With unittest, add the mixin: "
            "class MyTests(DashboardTestMixin, TestCase)."
        )
        raise RuntimeError(msg)
    return _active[-1]


@contextmanager
def isolate() -> Iterator[None]:
    """Give a test a store in memory, a clock, an outbox and a registry that end with it.

    The pytest plugin does so around each test, and ``DashboardTestMixin`` around each of its own.
    The store replaces all stores of ``DASHBOARDS["STORES"]``. To test with another store, override
    the setting within the test.
    """
    own = conf.current()
    stores = dict.fromkeys(["default", *own["STORES"]], _MEMORY)
    isolation = Isolation()
    registered = set(registry._registry)  # noqa: SLF001 - a part of the same package
    before = tuple(outbox)
    with override_settings(DASHBOARDS={**own, "STORES": stores}), ExitStack() as stack:
        get_store().clock = isolation.clock
        revocations.reset()
        stack.callback(revocations.reset)
        outbox.clear()
        stack.callback(outbox.__setitem__, slice(None), before)
        pushed.connect(record)
        if not _active:
            stack.callback(pushed.disconnect, record)
        stack.callback(_unregister, registered)
        _active.append(isolation)
        stack.callback(_active.remove, isolation)
        stack.callback(isolation.stop)
        yield


def _unregister(registered: Collection[str]) -> None:
    """Remove the dashboards that a test has registered.

    Args:
        registered: the names of the others.
    """
    for name in set(registry._registry).difference(registered):  # noqa: SLF001
        registry._registry.pop(name).is_registered = False  # noqa: SLF001


def advance(seconds: float) -> None:
    """Move the time by which live values are computed, and wait for what is due then.

    In a test this time stands still, except that ``expect`` moves it while it waits. After
    ``advance(60)`` a value with ``live=Every(seconds=60)`` is computed again, streams send their
    heartbeats, and sessions of open streams may expire. ``timezone.now()`` does not change.

    Args:
        seconds: by how much; not negative.
    """
    isolation = get_isolation("advance()")
    isolation.catch_up()
    isolation.clock.advance(seconds)
    isolation.catch_up()


@contextmanager
def not_raising() -> Iterator[None]:
    """Have errors of values fail their own boxes, as in production, and not the test."""
    changed: dict[str, Any] = {**conf.current(), "RAISE_VALUE_ERRORS": False}
    # Without the signal of override_settings, which would empty the store.
    with patch.object(settings, conf.SETTING, changed, create=True):
        yield


async def aadvance(seconds: float) -> None:
    """Do as ``advance``, in an async test."""
    await sync_to_async(advance)(seconds)


def commit() -> None:
    """Run the package's own callbacks that wait for a commit which a ``TestCase`` never makes.

    Callbacks of the project wait for ``captureOnCommitCallbacks(execute=True)`` as usual.
    """
    for connection in connections.all(initialized_only=True):
        blocks = connection.atomic_blocks
        if not blocks or not all(getattr(each, "_from_testcase", False) for each in blocks):
            continue  # It will commit, or nothing is open.
        waiting = connection.run_on_commit
        own = [each for each in waiting if _is_own(each[1])]
        connection.run_on_commit = [each for each in waiting if each not in own]
        for each in own:
            each[1]()


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _is_own(callback: Any) -> bool:
    function = getattr(callback, "func", callback)
    return str(getattr(function, "__module__", "")).startswith("dashboards.")
