"""Sizes and durations of the full bench, and of one that takes about five minutes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """The sizes and durations that the measures use."""

    quick: bool
    readers: int = 1_000
    rounds: int = 5
    # Of deliveries: many short rounds, so that other load on the machine slows all servers alike.
    turns: int = 20
    opened: int = 1_000
    steady_seconds: float = 5
    lockstep_seconds: float = 3
    overload_seconds: float = 10
    # In this time Pushpin repeats its request for each stream: twice for ours, once for the other.
    pushpin_seconds: float = 120
    pushpin_rounds: int = 3
    crowd: int = 5_000
    crowd_seconds: float = 20
    hop_pushes: int = 400
    polling_seconds: float = 20
    pages: int = 500
    # Of pages in a browser.
    page_rounds: int = 5
    # Until the charts of the demo have all points that they keep, so that memory stays the same.
    settling_seconds: float = 330
    viewing_seconds: float = 180
    soak_pushes: int = 1_000_000
    soak_connects: int = 20_000


FULL = Plan(quick=False)
QUICK = Plan(
    quick=True,
    rounds=3,
    turns=5,
    opened=400,
    steady_seconds=1.2,
    lockstep_seconds=0.6,
    overload_seconds=4,
    pushpin_seconds=2,
    pushpin_rounds=1,
    crowd_seconds=2,
    hop_pushes=30,
    polling_seconds=4,
    pages=100,
    page_rounds=1,
    settling_seconds=5,
    viewing_seconds=12,
    soak_pushes=20_000,
    soak_connects=500,
)
