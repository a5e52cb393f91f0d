"""A figure drawn by plotly.js."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.safestring import SafeString, mark_safe

from dashboards.component.base import Component
from dashboards.exceptions import ComponentValueError

# With these escaped, JSON cannot end the <script> element that holds it.
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}

_ALLOWED = "A Chart's value must be a Plotly figure, its JSON text or a dict"


@dataclass
class Chart(Component):
    """A chart. Its value is a Plotly figure, a figure's JSON text, or a dict of one.

    Needs plotly (``pip install django-live-dashboards[plotly]``), which brings plotly.js too, so
    that the two always match.
    """

    template: str = "dashboards/components/chart.html"
    scripts: ClassVar[Sequence[str]] = ("dashboards/js/chart.js",)

    def prepare_value(self, value: Any) -> SafeString | None:
        """Return the figure as JSON text that is safe inside ``<script>``."""
        if value is None:
            return None
        text = value if isinstance(value, str) else _to_json(value)
        try:
            figure = json.loads(text, parse_constant=_refuse)
        except ValueError as error:
            msg = f"{_ALLOWED}, got {text[:80]!r}, which is not JSON: {error}."
            raise ComponentValueError(msg) from error
        if not isinstance(figure, dict):
            msg = f"{_ALLOWED} with data and layout, got {text[:80]!r}."
            raise ComponentValueError(msg)
        return mark_safe(text.translate(_ESCAPES))  # noqa: S308 - escaped in this line


def _refuse(constant: str) -> None:
    # Python reads NaN and the infinities; a browser's JSON.parse does not.
    msg = f"{constant} is not a number that JSON knows"
    raise ValueError(msg)


def _to_json(value: Any) -> str:
    figure = value.to_plotly_json() if hasattr(value, "to_plotly_json") else value
    if not isinstance(figure, Mapping):
        msg = f"{_ALLOWED}, got {value!r}."
        raise ComponentValueError(msg)
    # Optional, and slow to import: only a process that renders a figure needs it.
    from plotly.io.json import to_json_plotly  # noqa: PLC0415

    try:
        text: str = to_json_plotly(dict(figure))
    except (TypeError, ValueError) as error:
        msg = f"{_ALLOWED}, got {value!r}, which cannot be written as JSON: {error}."
        raise ComponentValueError(msg) from error
    return text
