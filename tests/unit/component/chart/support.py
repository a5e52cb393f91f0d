"""Helpers of the tests of charts."""

import json
from typing import Any

from dashboards.component import Chart


def figure_of(component: Chart) -> Any:
    """Return the figure that the page of a chart has as JSON."""
    value = component.get_value()
    assert value is not None
    return json.loads(value)
