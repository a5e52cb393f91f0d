"""Cost, latency and maximum rate of deliveries, and behaviour above that rate."""

from collections.abc import Sequence
from contextlib import ExitStack

from bench.measures.overload import overload
from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.servers import MEMORY
from bench.subject import EVENTSTREAM, FLOOR, subject

_RATE = 5


def delivery(plan: Plan) -> Sequence[Row]:
    """Measure all three servers in turns, back and forth, so that noise affects all of them."""
    figures = Rounds()
    with ExitStack() as stack:
        subjects = {
            "ours": stack.enter_context(subject("ours", store=MEMORY)),
            EVENTSTREAM: stack.enter_context(subject("eventstream")),
            FLOOR: stack.enter_context(subject("floor")),
        }
        for each in subjects.values():
            each.open(plan.readers)
            each.push(3, _RATE)  # The first pushes are more expensive.
        there = tuple(subjects.items())
        turns = [there[:: -1 if turn % 2 else 1] for turn in range(plan.turns)]
        for turn in turns:
            for name, each in turn:
                count = round(plan.steady_seconds * _RATE)
                before = each.server.cpu
                got = each.push(count, _RATE)
                used = each.server.cpu - before
                # By reads: a server that falls behind and merges does not deliver more for less.
                figures.add("cpu", name, 1e6 * used / got.reads)
                figures.add("p50", name, got.p50)
                figures.add("p99", name, got.p99)
                figures.add("lost", name, got.lost(count))
                figures.add("merged", name, got.values / got.reads)
        for turn in turns:
            for name, each in turn:
                pushed, took, got = each.lockstep(plan.lockstep_seconds)
                figures.add("rate", name, got.values / took)
                figures.add("lost", name, got.lost(pushed))
                figures.add("merged", name, got.values / got.reads)
                figures.add("busy", name, got.busy)
        rates = {name: figures.median("rate", name) / plan.readers for name in subjects}
        rows_of_overload = overload(plan, subjects, rates)
    lost, merged = (
        ", ".join(f"{name} {figures.worst(figure, name):.3g}" for name in subjects)
        for figure in ("lost", "merged")
    )
    cpu = f"server CPU per delivery, {plan.readers:,} readers, {_RATE} pushes/s"
    rate = f"deliveries/s at one event per write, {plan.readers:,} readers"
    slowest = min(1 - figures.worst("busy", name) for name in subjects)
    load_idle = f"The load client was idle for at least {slowest:.0%} of each round."
    p50 = ", ".join(f"{name} {figures.median('p50', name):.3g} ms" for name in subjects)
    return [
        figures.row(
            "cpu",
            Target("ratio", 1 / 5.5),
            to=EVENTSTREAM,
            measure=cpu,
            unit="µs",
            note=f"Values per read, worst round: {merged}. Share lost, worst round: {lost}.",
        ),
        figures.row("cpu", Target("ratio", 1.15), to=FLOOR, measure=cpu, unit="µs"),
        figures.row(
            "rate",
            Target("ratio", 6.5, most=False),
            to=EVENTSTREAM,
            measure=rate,
            unit="/s",
            note=f"Each value is pushed when all readers have the last one. {load_idle}",
        ),
        figures.row("rate", Target("ratio", 0.85, most=False), to=FLOOR, measure=rate, unit="/s"),
        figures.row(
            "p99",
            Target("ratio", 1 / 3),
            to=EVENTSTREAM,
            measure=f"p99 from push to client, {plan.readers:,} readers, {_RATE} pushes/s",
            unit="ms",
            note=f"Medians (p50): {p50}.",
        ),
        *rows_of_overload,
    ]
