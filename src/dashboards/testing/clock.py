"""A clock that stands still until a test moves it."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_POLL_SECONDS = 0.002


@dataclass(eq=False, slots=True)
class _Alarm:
    """A callback for an event loop, and when it is due."""

    due: float
    callback: Callable[[], None]
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def ring(self) -> None:
        """Call the callback that it has by then."""
        self.callback()


class FakeClock:
    """A clock for tests. It stands still until ``advance`` is called, from any thread.

    Give it to the store whose values, streams and leases the test is about::

        clock = FakeClock()
        store = MemoryStore({}, clock=clock)  # or: get_store().clock = clock
        clock.advance(60)  # a value that is computed every 60 seconds is due again

    It starts at the system's time. A task that waits gets its turn as usual: after ``advance``
    await what the test waits for. A wait that begins after the call begins at the new time, so one
    long step lets a loop that sleeps a second run once, not many times.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._time, self._monotonic = time.time(), time.monotonic()
        self._moved = 0.0
        self._alarms: set[_Alarm] = set()

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and wake what is due by then.

        Args:
            seconds: by how much; not negative.
        """
        with self._lock:
            self._moved += seconds
            now = self.monotonic()
            due = sorted((each for each in self._alarms if each.due <= now), key=_get_due)
            self._alarms.difference_update(due)
        for alarm in due:
            if not alarm.loop.is_closed():
                alarm.loop.call_soon_threadsafe(alarm.ring)

    def advance_to_next(self, seconds: float) -> float:
        """Move the clock to the moment when the first task is due that waits for it.

        Args:
            seconds: by how much at most.

        Returns:
            By how much it was moved; 0 if no task is due by then.
        """
        with self._lock:
            now = self.monotonic()
            due = min((each.due for each in self._alarms), default=math.inf)
        if due > now + seconds:
            return 0.0
        # A little more: a sum of floats may stay below the moment.
        step = max(due - now, 0.0) + 1e-6
        self.advance(step)
        return step

    @property
    def waiting(self) -> int:
        """The number of tasks that wait for this clock."""
        return len(self._alarms)

    def time(self) -> float:
        """Return the seconds since 1970."""
        return self._time + self._moved

    def monotonic(self) -> float:
        """Return the monotonic time in seconds."""
        return self._monotonic + self._moved

    def sleep(self, seconds: float, /) -> None:
        """Block this thread until the clock was moved far enough."""
        due = self.monotonic() + seconds
        while self.monotonic() < due:
            time.sleep(_POLL_SECONDS)

    async def asleep(self, seconds: float, /) -> None:
        """Let this task wait until the clock was moved far enough."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        is_over = asyncio.Event()
        alarm = self._set_alarm(seconds, is_over.set)
        try:
            await is_over.wait()
        finally:
            self._alarms.discard(alarm)

    @asynccontextmanager
    async def timeout(self, seconds: float, /) -> AsyncIterator[object]:
        """Cancel the context, with a ``TimeoutError``, when the clock was moved far enough."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as timeout:
            alarm = self._set_alarm(seconds, lambda: timeout.reschedule(loop.time()))
            try:
                yield timeout
            finally:
                # A callback that is already on its way must find nothing to cancel.
                alarm.callback = _do_nothing
                self._alarms.discard(alarm)

    def _set_alarm(self, seconds: float, callback: Callable[[], None]) -> _Alarm:
        with self._lock:
            alarm = _Alarm(self.monotonic() + seconds, callback)
            self._alarms.add(alarm)
        return alarm


def _get_due(alarm: _Alarm) -> float:
    return alarm.due


def _do_nothing() -> None:
    pass
