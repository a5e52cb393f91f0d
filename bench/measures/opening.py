"""Cost of open streams: the time to open them, memory, threads, database connections."""

import time
from collections.abc import Sequence

from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.subject import EVENTSTREAM, subject

_WARM_UP = 100


def opening(plan: Plan) -> Sequence[Row]:
    """Open streams of a signed-in user, on a new server each round."""
    figures = Rounds()
    for _ in range(plan.rounds):
        for name, site in (("ours", "ours"), (EVENTSTREAM, "eventstream")):
            with subject(site) as each:
                each.open(_WARM_UP)
                time.sleep(0.5)
                before = each.server.rss
                count = plan.opened - _WARM_UP
                took = each.open(count)
                time.sleep(0.5)
                figures.add("rate", name, count / took)
                figures.add("memory", name, (each.server.rss - before) / count / 1024)
                figures.add("threads", name, each.server.threads)
                figures.add("connections", name, each.server.database_connections)
    store = "Our state is in the project's database, as it is by default."
    return [
        figures.row(
            "memory",
            Target("ratio", 1 / 14),
            to=EVENTSTREAM,
            measure=f"memory per open stream, streams {_WARM_UP + 1} to {plan.opened:,}",
            unit="KiB",
        ),
        figures.row(
            "threads",
            Target("ours", 8),
            to=EVENTSTREAM,
            measure=f"threads of {plan.opened:,} streams",
            unit="",
        ),
        figures.row(
            "connections",
            Target("ours", 2),
            to=EVENTSTREAM,
            measure=f"database connections of {plan.opened:,} streams",
            unit="",
        ),
        figures.row(
            "rate",
            Target("ratio", 2.5, most=False),
            to=EVENTSTREAM,
            measure="streams opened per second, session login checked",
            unit="/s",
            note=store,
        ),
    ]
