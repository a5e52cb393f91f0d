"""The time by which streams and live values run, so that a test can move it.

Each store has a clock (``BaseStore.clock``). All that belongs to a store takes the time from it:
its leases, the hub that reads it, the values that are computed for it. A test gives the store a
``dashboards.testing.clock.FakeClock``, and no two parts can disagree about the time.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from time import monotonic, sleep, time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits."""

    def time(self) -> float:
        """Return the seconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that never go back, since any moment."""

    def sleep(self, seconds: float, /) -> None:
        """Block this thread for some seconds."""

    async def asleep(self, seconds: float, /) -> None:
        """Let this task wait for some seconds."""

    def timeout(self, seconds: float, /) -> AbstractAsyncContextManager[object]:
        """Return a context that is cancelled after some seconds, with a ``TimeoutError``."""


class _SystemClock:
    """The time of the system. Each method is the function itself, so a call costs no more."""

    time = staticmethod(time)
    monotonic = staticmethod(monotonic)
    sleep = staticmethod(sleep)
    asleep = staticmethod(asyncio.sleep)
    timeout = staticmethod(asyncio.timeout)


SYSTEM_CLOCK: Clock = _SystemClock()
"""The clock of a store that was given no other one."""
