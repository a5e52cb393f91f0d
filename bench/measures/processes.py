"""The cost of a push from another process."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.load import Report, load
from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.servers import DATABASE, Server, environment, prepare
from bench.subject import Subject
from tests.harness import ROOT
from tests.postgres import postgresql
from tests.redis_server import redis_server

_READERS = 100
_RATE = 25


def processes(plan: Plan) -> Sequence[Row]:
    """Push from the server's own process and from another one in turns, store by store."""
    return [
        _measure(plan, "SQLite on one host", {"store": DATABASE}),
        _on_postgresql(plan),
        _on_redis(plan),
    ]


def _on_postgresql(plan: Plan) -> Row:
    with postgresql() as server:
        more = {"store": DATABASE, "database": server.database}
        return _measure(plan, "PostgreSQL", more)


def _on_redis(plan: Plan) -> Row:
    with redis_server() as server:
        backend = "dashboards.live.stores.redis.RedisStore"
        store = {"BACKEND": backend, "OPTIONS": {"url": server.url}}
        return _measure(plan, "Redis", {"store": store})


def _measure(plan: Plan, where: str, more: Mapping[str, Any]) -> Row:
    figures = Rounds()
    with _site(more) as each, _pusher(each, more) as pusher:
        each.open(_READERS)
        each.push(10, _RATE)
        for _ in range(plan.rounds):
            within = each.push(plan.hop_pushes, _RATE)
            other = pusher(plan.hop_pushes)
            figures.add("hop", "ours", other.p50 - within.p50)
            figures.add("within", "ours", within.p50)
            figures.add("other", "ours", other.p50)
    within_p50, other_p50 = (figures.median(figure, "ours") for figure in ("within", "other"))
    return figures.row(
        "hop",
        Target("ours", 5),
        measure=f"push from another process, over the in-process push, p50: {where}",
        unit="ms",
        note=f"{other_p50:.3g} ms less {within_p50:.3g} ms; {_READERS} readers, {_RATE} pushes/s.",
    )


@contextmanager
def _site(more: Mapping[str, Any]) -> Iterator[Subject]:
    with tempfile.TemporaryDirectory(prefix="dashboards-bench-") as place, load() as readers:
        folder = Path(place)
        server = Server("ours", folder, prepare(folder, **more), **more)
        try:
            yield Subject(server, readers)
        finally:
            server.stop()


@contextmanager
def _pusher(each: Subject, more: Mapping[str, Any]) -> Iterator[Callable[[int], Report]]:
    """Start another process, and return a function that makes it push."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.sites.pusher"],
        cwd=ROOT,
        env=environment("ours", each.server.folder, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def wait_until_ready() -> None:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "The pusher died."

        def push(count: int) -> Report:
            first, each.next = each.next, each.next + count
            each.readers.begin()
            assert process.stdin is not None
            process.stdin.write(f"{first} {count} {_RATE}\n")
            process.stdin.flush()
            wait_until_ready()
            return each.readers.settle(each.next - 1, 10)

        wait_until_ready()
        yield push
