"""What counts as a number where a project declares one."""

from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest

from dashboards.numeric import is_finite_number, is_whole_number


@pytest.mark.parametrize("value", [0, -1, 2.5, 10**400], ids=lambda value: str(value)[:9])
def test_finite_number_is_one(value: float):
    assert is_finite_number(value)


@pytest.mark.parametrize(
    "value", [True, False, nan, inf, -inf, "1", None, 1j, Decimal(1)], ids=repr
)
def test_other_value_is_no_finite_number(value: Any):
    assert not is_finite_number(value)


def test_number_below_the_least_is_none():
    assert is_finite_number(0.1, 0.1)
    assert not is_finite_number(0.09, 0.1)
    assert is_whole_number(2, 2)
    assert not is_whole_number(1, 2)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, nan], ids=repr)
def test_other_value_is_no_whole_number(value: Any):
    assert not is_whole_number(value, 1)
