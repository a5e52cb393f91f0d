"""A network that fails: a proxy between two ends, and a client of HTTP that sees every byte."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import TracebackType
from typing import Self

End = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_MOST_BYTES = 16 * 1024


class Network:
    """A TCP proxy on a port of its own.

    Args:
        connect: opens the far end.
    """

    def __init__(self, connect: Callable[[], Awaitable[End]]) -> None:
        self.port = 0
        self.delay = 0.0
        """Seconds that each piece is late."""
        self.bytes_per_second = 0.0
        """What each direction of each connection carries at most; 0 for any."""
        self._connect = connect
        self._flows = asyncio.Event()
        self._flows.set()
        self._swallows = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Carry nothing, not even the end of a connection, without an error."""
        self._flows.clear()

    def swallow(self) -> None:
        """Lose every byte of each connection, and carry no end: they are half open."""
        self._swallows = True
        self._flows.clear()

    def heal(self) -> None:
        """Carry everything again, including stalled bytes. Swallowed bytes are lost."""
        self._swallows = False
        self.delay = self.bytes_per_second = 0
        self._flows.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A coroutine here would have its cancelling reported as an error.
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = {writer}
        self._writers.add(writer)
        try:
            await self._flows.wait()
            far_reader, far_writer = await self._connect()
            writers.add(far_writer)
            self._writers.add(far_writer)
            pumps = [
                asyncio.create_task(self._pump(*ends))
                for ends in ((reader, far_writer), (far_reader, writer))
            ]
            try:
                # Neither HTTP streams nor the stores' protocols end one direction alone.
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
        except OSError:
            pass  # The far end is down.
        finally:
            for each in writers:
                self._writers.discard(each)
                each.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                data = await reader.read(_MOST_BYTES)
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.bytes_per_second:
                    await asyncio.sleep(len(data) / self.bytes_per_second)
                if data and self._swallows:
                    continue
                await self._flows.wait()
                if not data:
                    return
                writer.write(data)
                await writer.drain()


class Answer:
    """One HTTP answer, as far as it has arrived.

    Raises:
        OSError: the connection failed, or ended before the answer did.
    """

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        self._port = port
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._request = "\r\n".join([*lines, "", ""]).encode()
        self.status = 0
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            self._writer.write(self._request)
            match = re.match(rb"HTTP/1\.1 (\d+)", await self._line())
            assert match
            self.status = int(match[1])
            while line := (await self._line()).decode():
                name, _, value = line.partition(": ")
                self.headers[name.lower()] = value
        except BaseException:
            self._writer.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    async def body(self) -> AsyncIterator[bytes]:
        """Yield what arrives until the answer is complete."""
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            yield await self._exactly(int(self.headers.get("content-length", "0")))
            return
        while size := int(await self._line(), 16):
            yield (await self._exactly(size + 2))[:-2]

    async def _line(self) -> bytes:
        line = await self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError
        return line[:-2]

    async def _exactly(self, size: int) -> bytes:
        try:
            return await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error


async def ask(port: int, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    """Return status, headers and the whole body."""
    async with Answer(port, path, headers) as answer:
        body = b"".join([piece async for piece in answer.body()])
        return answer.status, answer.headers, body.decode()
