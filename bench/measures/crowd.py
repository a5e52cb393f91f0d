"""Five thousand readers of one process."""

from collections.abc import Sequence

from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.servers import MEMORY
from bench.subject import EVENTSTREAM, subject

_RATE = 5


def crowd(plan: Plan) -> Sequence[Row]:
    """Measure ours; the reference, which opens streams slowly, only in a full run."""
    figures = Rounds()
    sites = {"ours": "ours"} if plan.quick else {"ours": "ours", EVENTSTREAM: "eventstream"}
    for name, site in sites.items():
        with subject(site, **({"store": MEMORY} if site == "ours" else {})) as each:
            each.open(plan.crowd)
            each.push(3, _RATE)
            for _ in range(plan.rounds):
                count = round(plan.crowd_seconds * _RATE)
                got = each.push(count, _RATE, patience=30)
                figures.add("p50", name, got.p50)
                figures.add("p99", name, got.p99)
                figures.add("stale", name, got.stale + got.ended)
                figures.add("lost", name, 100 * got.lost(count))
    to = "" if plan.quick else EVENTSTREAM
    about = f"{plan.crowd:,} readers, {_RATE} pushes/s"
    lost, p99 = (
        ", ".join(f"{name} {figures.median(figure, name):.3g}" for name in sites)
        for figure in ("lost", "p99")
    )
    return [
        figures.row(
            "p50",
            Target("ours", 150),
            to=to,
            measure=f"{about}: p50 from push to client",
            unit="ms",
            note=f"p99, ms: {p99}. Values that were skipped or lost, %: {lost}.",
        ),
        figures.row(
            "stale",
            Target("ours", 0),
            to=to,
            measure=f"{about}: readers that do not end on the newest value",
            unit="",
        ),
    ]
