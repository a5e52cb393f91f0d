"""``python -m bench``: measure, print the table, write the results."""

import argparse
import json
import resource
import time
from pathlib import Path

from bench import demo, machine, report, servers
from bench.measures import MEASURES
from bench.plan import FULL, QUICK

_RESULTS = Path(__file__).parent / "results"
_PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="take about five minutes")
    parser.add_argument(
        "--only", choices=MEASURES, action="append", help="one measure; may be given repeatedly"
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help=f"measure nothing: write the latest results into {_PAGE.name}",
    )
    arguments = parser.parse_args()
    if arguments.page:
        _write_page()
        return
    _allow_many_files()
    plan = QUICK if arguments.quick else FULL
    rows: list[report.Row] = []
    began = time.monotonic()
    try:
        for name in arguments.only or MEASURES:
            start = time.monotonic()
            rows += MEASURES[name](plan)
            print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    finally:
        servers.clean_up()
        demo.clean_up()
    # Ratios are of one run: a measure run alone is not merged into the other results.
    results = _RESULTS / ("partial.json" if arguments.only else "latest.json")
    report.write_json(results, rows)
    kind, minutes = "quick" if plan.quick else "full", (time.monotonic() - began) / 60
    rounds = f"medians of {plan.rounds} rounds, of deliveries {plan.turns}"
    run = f"A {kind} run of {minutes:.1f} minutes; {rounds}."
    about = [*machine.describe(), run]
    results.with_suffix(".txt").write_text("\n".join(about) + "\n")
    print(report.table([row.as_json() for row in rows]), *about, sep="\n")


def _write_page() -> None:
    results = _RESULTS / "latest.json"
    about = results.with_suffix(".txt").read_text().splitlines()
    table = report.table(json.loads(results.read_text()))
    report.write_page(_PAGE, "\n".join([table, "", *(f"* {line}" for line in about)]))


def _allow_many_files() -> None:
    """Let this process and its children have as many sockets as the system permits."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
