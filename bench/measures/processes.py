"""What it costs that the push comes from another process."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
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
_RATE = 20


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
    with _site(more) as each:
        each.open(_READERS)
        each.push(10, _RATE)
        for _ in range(plan.rounds):
            within = each.push(plan.hop_pushes, _RATE)
            other = _push_from_another_process(each, plan.hop_pushes, more)
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


def _push_from_another_process(each: Subject, count: int, more: Mapping[str, Any]) -> Report:
    first, each.next = each.next, each.next + count
    command = [sys.executable, "-m", "bench.sites.pusher", str(first), str(count), str(_RATE)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment("ours", each.server.folder, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as pusher:
        assert pusher.stdout is not None
        assert pusher.stdout.readline() == "ready\n", "The pusher died."
        each.readers.begin()
        pusher.communicate("go\n")
    return each.readers.settle(each.next - 1, 10)
