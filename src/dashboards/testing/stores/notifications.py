"""Cases of notifications within one process."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from dashboards.live.fanout.hub import Hub
from dashboards.live.stores.base import BaseStore, stored
from dashboards.live.subscription import Subscription
from dashboards.live.wire.positions import Position
from dashboards.testing.stores.helpers import (
    CHANNEL,
    call_and_close,
    listening,
)


class NotificationCases:
    """Cases of notifications within one process."""

    async def test_put_notifies_own_process(self, store: BaseStore) -> None:
        """An open page soon shows the newest value: its own process is notified of a put."""
        async with listening(store) as received:
            await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": "1"})
            assert await asyncio.wait_for(received.get(), 5) == CHANNEL

    def test_put_sends_stored_signal(self, store: BaseStore) -> None:
        """Each put sends the signal ``stored``, by which pushes reach a proxy."""
        received: list[tuple[str, Position]] = []

        def receive(store: BaseStore, channel: str, position: Position, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
            # A receiver can read it.
            assert store.since(channel, None).position == position
            received.append((channel, position))

        stored.connect(receive)
        try:
            put = [store.put(CHANNEL, {"a": "1"}), store.put(CHANNEL, {})]
        finally:
            stored.disconnect(receive)
        assert received == [(CHANNEL, position) for position in put]

    @pytest.mark.parametrize("wire", ["loses", "doubles"])
    async def test_stream_shows_newest_with_lost_or_repeated_notifications(
        self, store: BaseStore, monkeypatch: pytest.MonkeyPatch, wire: str
    ) -> None:
        """A page shows the newest value though notifications are lost, repeated or pointless."""
        listen = store.listen

        async def listen_badly(listener: Callable[[str], None]) -> None:
            def notify(channel: str) -> None:
                if wire == "doubles":
                    for each in (channel, "about.nothing", channel):
                        listener(each)

            await listen(notify)

        monkeypatch.setattr(store, "listen", listen_badly)
        # Each lost notification costs one poll.
        monkeypatch.setattr(store, "poll_seconds", min(store.poll_seconds, 0.5))
        hub = Hub(store)
        reader = await hub.open(Subscription(CHANNEL, None))
        try:
            for number in range(1 if wire == "loses" else 3):
                data = f"value {number}"
                await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": data})
                text = ""
                while data not in text:
                    update = await asyncio.wait_for(reader.read(), store.poll_seconds + 5)
                    text = update.decode()
        finally:
            work = asyncio.all_tasks() - {asyncio.current_task()}
            hub.release(reader)
            _, left = await asyncio.wait(work, timeout=5)
            assert not left, [task.get_stack() for task in left]
