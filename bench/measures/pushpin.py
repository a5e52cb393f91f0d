"""Behind Pushpin, which holds the streams: deliveries, latency and memory."""

import subprocess
import time
from collections.abc import Sequence
from typing import Literal

from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.servers import MEMORY
from bench.subject import EVENTSTREAM, Proxied, proxied

_RATE = 5
_WARM_UP = 100
_HTTP = "ours with HTTP control"


def pushpin(plan: Plan) -> Sequence[Row]:
    """Measure the sites in turns, each with a Pushpin of its own, and one at a time.

    They do not run beside each other: a Pushpin asks its site for streams that nothing happens
    to, and would take the time for that from the other's.
    """
    figures = Rounds()
    for _ in range(plan.pushpin_rounds):
        for name, (site, control) in _sites(plan).items():
            more = {} if site == "eventstream" else {"store": MEMORY}
            with proxied(site, control, **more) as each:
                _measure(plan, figures, name, each)
    return _rows(plan, figures)


def _sites(plan: Plan) -> dict[str, tuple[str, Literal["http", "zmq"]]]:
    sites: dict[str, tuple[str, Literal["http", "zmq"]]] = {
        "ours": ("ours", "zmq"),
        EVENTSTREAM: ("eventstream", "http"),
    }
    return sites if plan.quick else {**sites, _HTTP: ("ours", "http")}


def _measure(plan: Plan, figures: Rounds, name: str, each: Proxied) -> None:
    each.open(_WARM_UP)
    time.sleep(0.5)
    before = each.rss
    opened = plan.readers - _WARM_UP
    each.open(opened)
    # A stream is open when its first event has arrived; Pushpin subscribes it after that.
    time.sleep(0.5)
    figures.add("memory", name, (each.rss - before) / opened / 1024)
    each.push(3, _RATE)  # The first pushes are more expensive.
    pushed, took, got = each.lockstep(plan.lockstep_seconds)
    figures.add("rate", name, got.values / took)
    figures.add("busy", name, got.busy)
    # Including readers with an ended stream: they did not end it.
    lost = pushed * plan.readers - got.values
    figures.add("lost in lockstep", name, lost)
    if name == _HTTP:
        return
    count = round(plan.pushpin_seconds * _RATE)
    got = each.push(count, _RATE)
    figures.add("p50", name, got.p50)
    figures.add("p99", name, got.p99)
    figures.add("merged", name, got.values / max(1, got.reads))
    figures.add("lost", name, 100 * (1 - got.values / (count * plan.readers)))
    figures.add("oldest", name, got.oldest / 1000)
    figures.add("stale", name, got.stale + plan.readers - got.readers)


def _rows(plan: Plan, figures: Rounds) -> Sequence[Row]:
    names = ("ours", EVENTSTREAM)

    def noted(figure: str, unit: str) -> str:
        return ", ".join(f"{name} {figures.median(figure, name):.3g}{unit}" for name in names)

    idle = min(1 - figures.worst("busy", name) for name in names)
    http = "" if plan.quick else f" With HTTP control, ours: {figures.median('rate', _HTTP):,.0f}."
    rounds = f"{plan.pushpin_rounds} rounds" if plan.pushpin_rounds > 1 else "One round"
    version = subprocess.run(
        ["pushpin", "--version"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    readers = f"{plan.readers:,} readers"
    steady = f"{readers}, {_RATE} pushes/s"
    asked = " It ends before any stream is asked for anew." if plan.quick else ""
    return [
        figures.row(
            "rate",
            Target("ratio", 1, most=False),
            to=EVENTSTREAM,
            measure=f"behind Pushpin: deliveries/s at one event per write, {readers}",
            unit="/s",
            note=f"{version}; {rounds}. Lost: {noted('lost in lockstep', '')}. The load client was "
            f"idle for at least {idle:.0%} of each round.{http}",
        ),
        figures.row(
            "p99",
            Target("ratio", 1),
            to=EVENTSTREAM,
            measure=f"behind Pushpin: p99 from push to client, {steady}",
            unit="ms",
            note=f"{plan.pushpin_seconds:g} s.{asked} Medians (p50): {noted('p50', ' ms')}. "
            f"Values per read: {noted('merged', '')}.",
        ),
        figures.row(
            "memory",
            Target("ratio", 1),
            to=EVENTSTREAM,
            measure="behind Pushpin: memory per open stream, of site and Pushpin, "
            f"streams {_WARM_UP + 1} to {plan.readers:,}",
            unit="KiB",
        ),
        figures.row(
            "lost",
            # The target is 0 if the reference has 0.
            Target("ratio", 1) if figures.median("lost", EVENTSTREAM) else Target("ours", 0),
            to=EVENTSTREAM,
            measure=f"behind Pushpin: values that were skipped or lost, {steady}",
            unit="%",
            note=f"Age of the oldest value shown, s: {noted('oldest', '')}.",
        ),
        figures.row(
            "stale",
            Target("ours", 0),
            to=EVENTSTREAM,
            measure=f"behind Pushpin: readers that do not end on the newest value, {steady}",
            unit="",
        ),
    ]
