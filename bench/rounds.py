"""Figures of several rounds, and their medians."""

from collections import defaultdict
from statistics import median
from typing import Any

from bench.report import Row, Target


class Rounds:
    """Collects figures by name and by server."""

    def __init__(self) -> None:
        self._figures: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, figure: str, whose: str, value: float) -> None:
        """Add the figure of one round."""
        self._figures[figure, whose].append(value)

    def median(self, figure: str, whose: str) -> float:
        """Return the median of all rounds."""
        return median(self._figures[figure, whose])

    def worst(self, figure: str, whose: str) -> float:
        """Return the largest of all rounds."""
        return max(self._figures[figure, whose])

    def row(self, figure: str, target: Target, *, to: str = "", **more: Any) -> Row:
        """Return a row with the medians of a figure, ours and the reference's.

        Args:
            figure: the name under which it was added, with ``"ours"`` for us.
            target: what was to be reached.
            to: whose figure ours is compared with.
            **more: the rest of the row.
        """
        return Row(
            ours=self.median(figure, "ours"),
            target=target,
            reference=self.median(figure, to) if to else None,
            reference_name=to,
            rounds={whose: self._figures[figure, whose] for whose in ("ours", to) if whose},
            **more,
        )
