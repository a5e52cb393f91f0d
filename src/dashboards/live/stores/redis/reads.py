"""Gathers the reads of one event loop, and sends them together."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from dashboards.live.stores.redis.scripts import Scripts

_MAX_READS = 100
"""Channels that one pipeline reads: all of its answers are in memory at the same time."""
_MAX_PIPELINES = 2
"""Pipelines of an event loop that wait for their answers at the same time."""

_Read = tuple[list[str], list[Any], "asyncio.Future[Sequence[str]]"]
"""The keys and arguments of a script, and the future that gets its answer."""


class PipelinedReads:
    """Sends the reads that one event loop requests at the same time in one pipeline.

    After a restart of the server all channels are opened within a second. One command for each
    would need a connection for each, or a thousand round trips one after the other.

    Args:
        lend: lends the client of the event loop.
    """

    def __init__(self, lend: Callable[[], AbstractAsyncContextManager[Scripts]]) -> None:
        self._lend = lend
        self._waiting: list[_Read] = []
        # Kept here, because an event loop keeps only weak references to its tasks.
        self._senders: set[object] = set()

    def request(self, keys: list[str], arguments: list[Any]) -> "asyncio.Future[Sequence[str]]":
        """Return the future answer of the script ``since``. To cancel it closes no connection."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()
        self._waiting.append((keys, arguments, answer))
        # One sender for all reads that are requested in this iteration of the loop. If Redis is
        # slow, later requests gather meanwhile.
        if len(self._waiting) == 1 and len(self._senders) < _MAX_PIPELINES:
            self._senders.add(loop.create_task(self._send()))
        return answer

    async def _send(self) -> None:
        try:
            await self._send_waiting()
        finally:
            # In the same step that found nothing waiting. A done callback would run later, and a
            # read that is requested in between would rely on a sender that has ended.
            self._senders.discard(asyncio.current_task())

    async def _send_waiting(self) -> None:
        while self._waiting:
            reads, self._waiting = self._waiting[:_MAX_READS], self._waiting[_MAX_READS:]
            reads = [read for read in reads if not read[2].done()]  # Without those cancelled.
            if not reads:
                continue
            try:
                async with self._lend() as scripts:
                    results = await self._execute(scripts, reads)
            except Exception as error:  # noqa: BLE001 - a client may raise anything
                results = [error] * len(reads)
            for (_, _, answer), result in zip(reads, results, strict=True):
                if answer.done():
                    continue
                if isinstance(result, Exception):
                    answer.set_exception(result)
                else:
                    answer.set_result(result)

    @staticmethod
    async def _execute(scripts: Scripts, reads: "Sequence[_Read]") -> Sequence[Any]:
        if len(reads) == 1:
            [(keys, arguments, _)] = reads
            return [await scripts.since(keys, arguments)]
        async with scripts.client.pipeline(transaction=False) as pipeline:
            for keys, arguments, _ in reads:
                await scripts.since(keys, arguments, client=pipeline)
            # A channel that cannot be read fails alone.
            results: Sequence[Any] = await pipeline.execute(raise_on_error=False)
            return results
