"""A Redis server for tests: private folder, private socket, removed afterwards."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.harness import wait_for


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{folder}/socket"
        self._process: subprocess.Popen[bytes] | None = None

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, decode_responses=True)

    def start(self, *, saved: bool = False, durable: bool = False) -> None:
        """Start empty, or with the data of ``SAVE``; durable data survives a kill."""
        if not saved:
            (self.folder / "dump.rdb").unlink(missing_ok=True)
            shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)
        options = ["--port", "0", "--unixsocket", "socket", "--save", "", "--logfile", "log"]
        if durable:
            options += ["--appendonly", "yes", "--appendfsync", "always"]
        self._process = subprocess.Popen(["redis-server", *options], cwd=self.folder)
        wait_for(self._answers)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return client.ping() is True
            except redis.RedisError:
                return False

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Answer no request for a while, like a host that hangs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)


@contextmanager
def redis_server(*, durable: bool = False) -> Iterator[RedisServer]:
    folder = Path(tempfile.mkdtemp(prefix="dashboards-redis-"))
    server = RedisServer(folder)
    server.start(durable=durable)
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)
