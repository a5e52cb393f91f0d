"""Attributes that all kinds of components have."""

from collections import UserList
from collections.abc import Callable, Collection
from typing import Any

import pytest
from django.utils.translation import gettext_lazy

from dashboards.component import Stat
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError


def _keys_of(keys: list[str]) -> Collection[str]:
    return dict.fromkeys(keys).keys()


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("trigger_on", 3, "None or a text"),
        ("poll_rate", "10", "None or a finite number of seconds, at least 0"),
        ("poll_rate", -1, "None or a finite number of seconds, at least 0"),
        ("poll_rate", float("inf"), "None or a finite number of seconds, at least 0"),
        ("poll_rate", True, "None or a finite number of seconds, at least 0"),
        ("grid_css_classes", 6, 'CSS classes, such as "span-6"'),
        ("dependents", "total", "a list of keys, which are plain texts"),
        ("dependents", gettext_lazy("total"), "a list of keys, which are plain texts"),
        ("dependents", iter(["total"]), "a list of keys, which are plain texts"),
        ("dependents", 3, "a list of keys, which are plain texts"),
        ("dependents", [Stat], "a list of keys, which are plain texts"),
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


def test_dependent_that_is_no_plain_text_is_named():
    """A lazy text looks like a text in the message, which so contradicted itself."""
    lazy: Any = ["orders", gettext_lazy("total")]
    with pytest.raises(DeclarationError) as refused:
        type("Board", (Dashboard,), {"orders": Stat(dependents=lazy), "total": Stat()})

    assert str(refused.value) == (
        "Board.orders: dependents must be a list of keys, which are plain texts, got 'total' "
        "(a lazy text)."
    )


@pytest.mark.parametrize("kind", [list, tuple, frozenset, UserList, dict.fromkeys, _keys_of])
def test_dependents_may_be_any_collection_of_keys(kind: Callable[[Any], Any]):
    board: Any = type(
        "Board", (Dashboard,), {"orders": Stat(dependents=kind(["total"])), "total": Stat()}
    )

    assert [each.key for each in board().components.get_dependencies("total")] == ["orders"]
