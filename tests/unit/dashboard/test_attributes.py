"""Attributes that all kinds of components have."""

from typing import Any

import pytest

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("trigger_on", 3, "None or a text"),
        ("poll_rate", "10", "None or a finite number of seconds, at least 0"),
        ("poll_rate", -1, "None or a finite number of seconds, at least 0"),
        ("poll_rate", float("inf"), "None or a finite number of seconds, at least 0"),
        ("poll_rate", True, "None or a finite number of seconds, at least 0"),
        ("dependents", "total", "a list or tuple of keys"),
        ("dependents", 3, "a list or tuple of keys"),
        ("dependents", [Stat], "a list or tuple of keys"),
        ("defer", 3, "True, False, None or a callable that returns the value"),
        ("defer_url", 3, "None, a URL or a function that returns one"),
    ],
)
def test_attribute_of_another_type_is_refused_with_what_is_allowed(
    name: str, value: Any, allowed: str
):
    """A text as ``poll_rate``, or an infinite one, was accepted without a word: the page never
    loaded the value again. A text as ``dependents`` counted as a list of its letters."""
    given: dict[str, Any] = {name: value}
    pattern = rf"^(Board|Adding)\.orders: {name} must be {allowed}, got "
    with pytest.raises(DeclarationError, match=pattern):
        type("Board", (Dashboard,), {"orders": Stat(value=1, **given), "total": Stat()})

    class Adding(Dashboard):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.components["orders"] = Stat(value=1, **given)

    with pytest.raises(DeclarationError, match=pattern):
        Adding()
