"""The way of a push and of a page through the package stays short."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LIMITS = {
    "push of one Stat": (38, 40),
    "push of one of twenty Stats": (38, 40),
    "page with twenty Stats": (1_521, 2_000),
}
"""The most calls, and moves between modules, by the name in the script's output."""


@pytest.fixture(scope="module")
def traces() -> dict[str, tuple[int, int]]:
    """Calls and moves by name, as ``scripts/trace_calls.py`` prints them."""
    script = ROOT / "scripts" / "trace_calls.py"
    printed = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    lines = re.findall(
        r"^(.+): ([\d,]+) calls, \d+ modules, ([\d,]+) moves$", printed, re.MULTILINE
    )
    return {name: (_read(calls), _read(moves)) for name, calls, moves in lines}


def _read(number: str) -> int:
    return int(number.replace(",", ""))


@pytest.mark.parametrize("name", LIMITS)
def test_traced_calls_and_moves_do_not_grow(name: str, traces: dict[str, tuple[int, int]]):
    calls, moves = traces[name]
    most_calls, most_moves = LIMITS[name]

    assert calls <= most_calls
    assert moves <= most_moves
