"""A page of twenty stats, compared with the package that ours replaces."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.plan import Plan
from bench.report import Row, Target
from bench.rounds import Rounds

_ROOT = Path(__file__).parent.parent.parent
_OLDER = "django-dashboards"
# Made by scripts/older.sh: it is called dashboards, too.
_PYTHONS = {"ours": sys.executable, _OLDER: str(_ROOT / ".venv-older" / "bin" / "python")}


def page(plan: Plan) -> Sequence[Row]:
    """Measure the processor time of a page in both packages, in turns."""
    figures = Rounds()
    for _ in range(plan.rounds):
        for whose, python in _PYTHONS.items():
            done = subprocess.run(
                [python, "-m", "bench.sites.page", str(plan.pages)],
                cwd=_ROOT,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            figures.add("page", whose, float(done.stdout))
    return [
        figures.row(
            "page",
            Target("ratio", 1 / 3),
            to=_OLDER,
            measure="server CPU of a page of 20 stats",
            unit="ms",
            note="Of the view, in process: neither server nor middleware.",
        )
    ]
