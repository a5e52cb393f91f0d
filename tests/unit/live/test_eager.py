"""Work of a task that is started elsewhere, as a feed starts the writes of its subscribers."""

import asyncio
import contextvars
from collections.abc import Awaitable

import pytest

from dashboards.live.fanout.eager import suspend_current_task
from dashboards.live.fanout.feed import Feed
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.subscription import Subscription


class Writer:
    """A task that waits, and whose work another one starts."""

    def __init__(self) -> None:
        self.rest: asyncio.Future[Awaitable[None]] = asyncio.get_running_loop().create_future()
        self.context = contextvars.copy_context()
        self.task = asyncio.get_running_loop().create_task(self._run(), context=self.context)

    async def _run(self) -> None:
        await (await self.rest)

    def begin(self, work: Awaitable[None]) -> Awaitable[None] | None:
        with suspend_current_task() as start_eagerly:
            assert start_eagerly is not None
            return start_eagerly(self.task, self.context, work)


async def test_what_need_not_wait_is_done_at_once():
    wrote: list[bytes] = []

    async def write(data: bytes) -> None:
        wrote.append(data)

    writer = Writer()
    assert writer.begin(write(b"one")) is None
    assert writer.begin(write(b"two")) is None
    assert wrote == [b"one", b"two"]
    writer.task.cancel()


async def test_it_runs_as_the_task_whose_it_is():
    name = contextvars.ContextVar("name", default="other")
    seen: list[object] = []

    async def write() -> None:
        seen.append((asyncio.current_task(), name.get()))

    token = name.set("own")
    writer = Writer()
    name.reset(token)
    here = asyncio.current_task()
    writer.begin(write())
    assert asyncio.current_task() is here
    # Where no task is.
    asyncio.get_running_loop().call_soon(lambda: writer.begin(write()))
    await asyncio.sleep(0.01)
    assert seen == [(writer.task, "own"), (writer.task, "own")]
    writer.task.cancel()


async def test_whose_turn_it_is_is_as_before_even_after_a_failure():
    here = asyncio.current_task()
    in_between: list[object] = []

    def fail() -> None:
        with suspend_current_task():
            in_between.append(asyncio.current_task())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert in_between == [None]
    assert asyncio.current_task() is here


async def test_what_has_to_wait_goes_on_in_its_task():
    gate = asyncio.Event()
    seen: list[object] = []

    async def write() -> None:
        async with asyncio.timeout(5):  # Tied to the current task.
            seen.append("began")
            await gate.wait()
            await asyncio.sleep(0)
            seen.append(asyncio.current_task())

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    assert seen == ["began"]
    writer.rest.set_result(rest)
    gate.set()
    await writer.task
    assert seen == ["began", writer.task]


async def test_a_wait_that_is_over_before_the_task_looks():
    gate = asyncio.Event()

    async def write() -> None:
        await gate.wait()

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    gate.set()
    await asyncio.sleep(0.01)
    writer.rest.set_result(rest)
    await asyncio.wait_for(writer.task, 1)


async def test_a_cancellation_reaches_what_waits():
    seen: list[str] = []

    async def write() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    writer.rest.set_result(rest)
    await asyncio.sleep(0.01)
    writer.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer.task
    assert seen == ["cancelled"]


async def test_a_failure_is_the_tasks_own():
    async def write() -> None:
        raise BrokenPipeError

    writer = Writer()
    rest = writer.begin(write())
    assert rest is not None
    writer.rest.set_result(rest)
    with pytest.raises(BrokenPipeError):
        await writer.task


@pytest.mark.parametrize("missing", ["", "_enter_task", "_leave_task"])
async def test_update_without_private_names_of_asyncio_is_written_by_the_woken_task(
    monkeypatch: pytest.MonkeyPatch, missing: str
):
    if missing:
        monkeypatch.delattr(asyncio, missing)
    store, feed = MemoryStore({}), Feed("shop.orders")
    subscriber = Subscriber(feed.get_view(frozenset()), Subscription("shop.orders", None))
    feed.subscribers.add(subscriber)
    written: list[tuple[bytes, object]] = []

    async def write(encoded: bytes) -> None:
        written.append((encoded, asyncio.current_task()))

    task = asyncio.create_task(subscriber.deliver(write))
    await asyncio.sleep(0)
    for number in (1, 2):
        store.put("shop.orders", {"a": f"value {number}"})
        feed.apply(store.since("shop.orders", feed.position))
        assert len(written) == (number - 1 if missing else number), "at once, or when it is woken"
        await asyncio.sleep(0)
        encoded, by = written[-1]
        assert f"value {number}".encode() in encoded
        assert by is task
    feed.close("shutdown")
    await asyncio.wait_for(task, 5)
    assert len(written) == 2
