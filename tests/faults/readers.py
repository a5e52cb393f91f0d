"""Readers that behave like streams.js, and report all values to the checker."""

import asyncio
import random
import re
from collections.abc import Sequence
from time import monotonic

from tests.faults.checker import Checker, User
from tests.faults.network import Answer

SILENCE_SECONDS = 6.0
"""streams.js waits for two beats, at least 5 seconds."""
HEARTBEAT_SECONDS = 2

_FIRST_DELAY = 0.3
_MAX_DELAY = 3.0
_NUMBER = re.compile(r"n:(\d+):")


def number_in(data: str) -> int | None:
    """Return the number of the push in a rendered value."""
    match = _NUMBER.search(data)
    return int(match[1]) if match else None


def events_in(text: str) -> list[dict[str, str]]:
    """Parse whole events."""
    events = []
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            if name in {"event", "id", "retry", "version"}:
                fields[name] = value
            elif name == "data":
                fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        events.append(fields)
    return events


class Order:
    """The order of events on one connection, like EventOrder in events.js."""

    def __init__(self) -> None:
        self._epoch = ""
        self._left: set[str] = set()
        self._newest: dict[str, int] = {}

    def takes(self, name: str, position: str) -> bool:
        epoch, _, version = position.partition(".")
        if epoch in self._left:
            return False
        if epoch != self._epoch:
            self._left.add(self._epoch)
            self._epoch = epoch
            self._newest.clear()
        if int(version) < self._newest.get(name, 0):
            return False
        self._newest[name] = int(version)
        return True


class Connection:
    """The values that one connection has shown. Their versions never go backwards."""

    def __init__(self, checker: Checker) -> None:
        self.asked_at = monotonic()
        self.answered = False
        """Whether the view's own answer has arrived, and news follow."""
        self._checker = checker
        self._epochs: dict[str, int] = {}
        self._epoch = ""
        self._numbers: dict[str, int] = {}
        self._batch: dict[str, int] = {}
        self.order = Order()

    def take_number(self, key: str, number: int) -> None:
        self._batch[key] = number

    def take_id(self, token: str) -> None:
        """Note that a batch is complete: the connection is at this position."""
        epoch, version = token.split(".")
        if epoch != self._epoch and epoch in self._epochs:
            self._checker.violated(f"back from epoch {self._epoch} to {token}")
        if int(version) < self._epochs.get(epoch, 0):
            self._checker.violated(f"back from version {self._epochs[epoch]} to {token}")
        if epoch != self._epoch:
            self._numbers.clear()
        for key, number in self._batch.items():
            shown = self._numbers.get(key, 0)
            # An unacknowledged put may take effect late, as a new version.
            if number < shown and number not in self._checker.unacknowledged:
                self._checker.violated(f"{key}: back from push {shown} to {number} at {token}")
            self._numbers[key] = number
        self._batch.clear()
        self._epoch, self._epochs[epoch] = epoch, int(version)


class Reader:
    """One open page.

    Args:
        ports: where it connects, one drawn each time.
        path: its dashboard's stream.
        checker: gets all values.
        user: who is signed in there.
    """

    def __init__(
        self, ports: Sequence[int], path: str, checker: Checker, user: User | None = None
    ) -> None:
        self.path = path
        self.user = user
        self.state = "connecting"
        self.shown: dict[str, int] = {}
        self.computed_at = 0.0
        """When it last showed a value that nobody pushed."""
        self.last_event_id = ""
        self._ports = ports
        self._checker = checker
        self._retry = _FIRST_DELAY
        self._failures = 0
        self._reload = asyncio.Event()

    def reload(self) -> None:
        """Reload the page, if it was refused."""
        self._reload.set()

    async def run(self) -> None:
        while True:
            self._reload.clear()
            outcome = await self._connect()
            if outcome == "stop":
                self.state = "refused"
                await self._reload.wait()
                self.shown.clear()
                self.last_event_id = ""
                self.state = "connecting"
                continue
            self._failures = self._failures + 1 if outcome == "failed" else 0
            backoff = (
                min(_FIRST_DELAY * 2 ** (self._failures - 1), _MAX_DELAY) if self._failures else 0
            )
            self.state = "waiting"
            await asyncio.sleep(max(self._retry, backoff) * random.uniform(0.5, 1.5))

    async def _connect(self) -> str:
        headers = {"Accept": "text/event-stream"}
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        if self.user:
            headers["Cookie"] = self.user.cookie
        self._checker.connects += 1
        connection = Connection(self._checker)
        try:
            async with (
                asyncio.timeout(SILENCE_SECONDS) as silence,
                Answer(random.choice(self._ports), self.path, headers) as answer,
            ):
                if answer.status in {401, 403}:
                    return "stop"
                kind = answer.headers.get("content-type", "")
                if answer.status != 200 or not kind.startswith("text/event-stream"):
                    return "failed"
                self._failures = 0
                self.state = "open"
                await self._read(answer, silence, connection)
                return "ended"
        except TimeoutError:
            self._checker.silences += 1
            return "failed"
        except OSError:
            return "failed"

    async def _read(self, answer: Answer, silence: asyncio.Timeout, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        rest = ""
        async for piece in answer.body():
            silence.reschedule(loop.time() + SILENCE_SECONDS)
            *whole, rest = (rest + piece.decode()).rsplit("\n\n", 1)
            for event in events_in(whole[0]) if whole else []:
                self._take(event, connection)
            connection.answered = True

    def _take(self, event: dict[str, str], connection: Connection) -> None:
        if "retry" in event:
            self._retry = int(event["retry"]) / 1000
        # Like the page: repeated and late events, which a proxy may send, are dropped.
        key = event.get("event", "").removesuffix(":append")
        if "version" in event and not connection.order.takes(key, event["version"]):
            self._checker.dropped += 1
        elif "data" in event:
            self._checker.events += 1
            key, number = event["event"], number_in(event["data"])
            if number is not None:
                asked_at, answered = connection.asked_at, connection.answered
                self._checker.received(number, self.user, asked_at, answered=answered)
                connection.take_number(key, number)
                self.shown[key] = number
            elif event["data"]:
                self.computed_at = monotonic()
        if "id" in event and connection.order.takes("id:", event["id"]):
            connection.take_id(event["id"])
            self.last_event_id = event["id"]
