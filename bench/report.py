"""Rows of figures: ratios, JSON, and the table of ``docs/performance.md``."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

BEGIN = "<!-- figures: written by python -m bench -->"
TIMES = " ×"  # noqa: RUF001 - the sign of multiplication is meant
END = "<!-- end of figures -->"


@dataclass(frozen=True)
class Target:
    """A bound on our figure, or on its ratio to the reference's."""

    of: Literal["ours", "ratio"]
    bound: float
    most: bool = True
    """True for a maximum; False for a minimum."""

    def __str__(self) -> str:
        words = "at most" if self.most else "at least"
        return f"{words} {_short(self.bound)}{TIMES if self.of == 'ratio' else ''}"

    def met(self, value: float) -> bool:
        """Return True if a figure is within the bound."""
        return value <= self.bound if self.most else value >= self.bound


@dataclass(frozen=True)
class Row:
    """One measure: a line of the table.

    Args:
        measure: what was measured.
        unit: of both figures.
        ours: our figure.
        target: what was to be reached.
        reference: what ours is compared with, measured in the same run.
        reference_name: whose figure that is.
        note: how it was measured, where that needs saying.
        rounds: the figures of each round, by name, of which the medians are above.
    """

    measure: str
    unit: str
    ours: float
    target: Target
    reference: float | None = None
    reference_name: str = ""
    note: str = ""
    rounds: dict[str, list[float]] | None = None

    @property
    def ratio(self) -> float | None:
        """Our figure over the reference's; of rounds the median, because noise affects both."""
        if not self.reference:
            return None
        rounds = self.rounds or {}
        pairs = zip(rounds.get("ours", ()), rounds.get(self.reference_name, ()), strict=True)
        ratios = [ours / theirs for ours, theirs in pairs if theirs]
        return median(ratios) if ratios else self.ours / self.reference

    @property
    def met(self) -> bool:
        """True if the target was reached; without a ratio, a target on it was not."""
        value = self.ours if self.target.of == "ours" else self.ratio
        return value is not None and self.target.met(value)

    def as_json(self) -> dict[str, Any]:
        """Return the row as ``latest.json`` contains it."""
        return {
            "measure": self.measure,
            "unit": self.unit,
            "ours": _rounded(self.ours),
            "reference": _rounded(self.reference),
            "reference_name": self.reference_name,
            "ratio": _rounded(self.ratio),
            "target": str(self.target),
            "met": self.met,
            "note": self.note,
            "rounds": {
                name: [_rounded(each) for each in figures]
                for name, figures in (self.rounds or {}).items()
            },
        }


def write_json(path: Path, rows: Sequence[Row]) -> None:
    """Write the rows."""
    path.parent.mkdir(exist_ok=True)
    text = json.dumps([row.as_json() for row in rows], indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n")


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows of ``latest.json`` as a table in Markdown."""
    lines = [
        "| measure | ours | reference | ratio | target | met |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        reference = ""
        if row["reference"] is not None:
            reference = f"{_short(row['reference'])} ({row['reference_name']})"
        ratio = "" if row["ratio"] is None else f"{_short(row['ratio'])}{TIMES}"
        cells = [
            row["measure"],
            f"{_short(row['ours'])} {row['unit']}".strip(),
            reference,
            ratio,
            row["target"],
            "yes" if row["met"] else "**no**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    notes = [f"* {row['measure']}: {row['note']}" for row in rows if row["note"]]
    return "\n".join([*lines, "", *notes])


def write_page(page: Path, text: str) -> None:
    """Put the figures between the two markers of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _short(value: float) -> str:
    """Return three significant digits, or a whole number with grouped thousands."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
