"""Map: its errors."""

import pytest

from dashboards.component import Map
from dashboards.exceptions import ComponentValueError


def test_invalid_figure_error_names_the_map():
    with pytest.raises(ComponentValueError, match="A Map's value must be a Plotly figure"):
        Map(value=[1]).get_value()
