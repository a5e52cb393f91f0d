"""Map: the errors name it."""

import pytest

from dashboards.component import Map
from dashboards.exceptions import ComponentValueError


def test_a_bad_figure_names_its_kind():
    with pytest.raises(ComponentValueError, match="A Map's value must be a Plotly figure"):
        Map(value=[1]).get_value()
