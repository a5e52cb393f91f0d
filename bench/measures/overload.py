"""More values than can be written: a burst in one turn, and ten seconds above capacity."""

from collections.abc import Mapping, Sequence

from bench.load import Report
from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.subject import EVENTSTREAM, Subject

_BURST = 500
_PATIENCE = 2
_RECOVERED_MS = 1_000


def overload(
    plan: Plan, subjects: Mapping[str, Subject], capacity: Mapping[str, float]
) -> Sequence[Row]:
    """Push to each server at twice its maximum rate.

    Args:
        plan: the sizes.
        subjects: us and others, with their readers.
        capacity: the pushes a second that each can deliver.
    """
    figures = Rounds()
    subjects = {name: subjects[name] for name in ("ours", EVENTSTREAM)}
    rates = {name: 2 * capacity[name] for name in subjects}
    for _ in range(plan.rounds):
        for name, each in subjects.items():
            _add(figures, "burst", name, each.burst(_BURST, patience=_PATIENCE))
    for name, each in subjects.items():
        count = round(rates[name] * plan.overload_seconds)
        _add(figures, "above", name, each.push(count, rates[name], patience=_PATIENCE))
    burst = f"a burst of {_BURST} pushes in one loop turn"
    above = f"twice the capacity for {plan.overload_seconds:g} s"
    rows = []
    for figure, measure in (("burst", burst), ("above", above)):
        shown, merged = (
            ", ".join(f"{who} {figures.worst(f'{figure} {what}', who):,.3g}" for who in subjects)
            for what in ("oldest", "merged")
        )
        note = f"Age of the oldest value shown, ms: {shown}. Values per read: {merged}."
        if figure == "above":
            asked = ", ".join(f"{rate:.3g} pushes/s of {name}" for name, rate in rates.items())
            note = f"Asked: {asked}, {plan.readers:,} readers; one round. {note}"
        rows += [
            figures.row(
                f"{figure} stale",
                Target("ours", 0),
                to=EVENTSTREAM,
                measure=f"{measure}: readers that do not end on the newest value",
                unit="",
                note=note,
            ),
            figures.row(
                f"{figure} settled",
                Target("ours", _RECOVERED_MS),
                to=EVENTSTREAM,
                measure=f"{measure}: from the last push to the last reader",
                unit="ms",
            ),
        ]
    return rows


def _add(figures: Rounds, figure: str, name: str, got: Report) -> None:
    figures.add(f"{figure} stale", name, got.stale + got.ended)
    figures.add(f"{figure} settled", name, got.settled)
    figures.add(f"{figure} oldest", name, got.oldest)
    figures.add(f"{figure} merged", name, got.values / max(1, got.reads))
