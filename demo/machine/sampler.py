"""The last minutes of this machine, sampled by a thread of the server."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from demo.machine.readings import Disk, Process, ProcessWatch, read_counters, read_disks

logger = logging.getLogger(__name__)

SECONDS = 2
MINUTES = 5
# Enough for a first rate; the first page waits for it.
_FIRST_SECONDS = 0.25
_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """The machine at one time; rates are bytes a second since the previous sample."""

    time: float
    cores: Sequence[float]
    load: tuple[float, float, float]
    memory_total: int
    memory_used: int
    swap_total: int
    swap_used: int
    received: float
    sent: float
    read: float
    written: float
    disks: Sequence[Disk]
    processes: Sequence[Process]

    @property
    def processor(self) -> float:
        return sum(self.cores) / len(self.cores)


class Sampler:
    """Takes a sample every two seconds and keeps the last minutes of them.

    Nothing happens until ``start``, so management commands that import this cost nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first = threading.Event()
        self._samples: deque[Sample] = deque(maxlen=MINUTES * 60 // SECONDS + 1)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start sampling, unless it is running already."""
        with self._lock:
            # After a fork, the children have no such thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
                self._thread.start()

    def history(self) -> Sequence[Sample]:
        """Return the samples, oldest first; waits for the first one."""
        self.start()
        if not self._first.wait(timeout=10):
            msg = "The machine could not be read."
            raise RuntimeError(msg)
        with self._lock:
            return tuple(self._samples)

    def latest(self) -> Sample:
        """Return the newest sample."""
        return self.history()[-1]

    def _run(self) -> None:
        watch = ProcessWatch()
        watch.busiest(0)
        psutil.cpu_percent(percpu=True)  # The first call only remembers.
        before, moment, pause = read_counters(), time.monotonic(), _FIRST_SECONDS
        while True:
            time.sleep(pause)
            pause = SECONDS
            try:
                elapsed, moment = time.monotonic() - moment, time.monotonic()
                now = read_counters()
                memory, swap = psutil.virtual_memory(), psutil.swap_memory()
                sample = Sample(
                    time=time.time(),
                    cores=psutil.cpu_percent(percpu=True),
                    load=psutil.getloadavg(),
                    memory_total=memory.total,
                    # Memory that programs cannot get without swapping, which is more than "used".
                    memory_used=memory.total - memory.available,
                    swap_total=swap.total,
                    swap_used=swap.used,
                    # The bytes of an unplugged card or disk are missing from the sum.
                    received=max(0, now.received - before.received) / elapsed,
                    sent=max(0, now.sent - before.sent) / elapsed,
                    read=max(0, now.read - before.read) / elapsed,
                    written=max(0, now.written - before.written) / elapsed,
                    disks=read_disks(),
                    processes=watch.busiest(_PROCESSES),
                )
                before = now
            except Exception:
                logger.exception("The machine could not be read.")
                continue
            with self._lock:
                self._samples.append(sample)
            self._first.set()


sampler = Sampler()
"""The sampler of this process."""
