"""Arguments of components and triggers: a wrong one is named, with those that there are."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from dashboards import component
from dashboards.component import BasicTable, Chart, Component, Stat, Table
from dashboards.live import Every, OnChange

KINDS = [each for each in vars(component).values() if isinstance(each, type)]


@dataclass
class Own(Stat):
    colour: str = ""


class Free(Stat):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("anything", None)
        super().__init__(*args, **kwargs)


@pytest.mark.parametrize(
    ("make", "wrong", "some"),
    [
        (Table, {"pagesize": 5}, "page_size, page_sizes, paging"),
        (BasicTable, {"pagesize": 5}, "page_size, page_sizes, paging"),
        (Stat, {"label": "x"}, "key, live, menu"),
        (Chart, {"points": 5}, "max_points, menu"),
        (Own, {"color": "x"}, "colour, compact"),
        (Every, {"interval": 2}, "delivery, jitter, seconds"),
        (OnChange, {"models": "shop.Order"}, "debounce, delivery, jitter, seconds"),
    ],
)
def test_wrong_argument_is_a_type_error_that_names_the_allowed_ones(
    make: Callable[..., Any], wrong: dict[str, Any], some: str
):
    """Regression: it was Python's own error, as "Table.__init__() got an unexpected keyword
    argument", without the names of those that there are."""
    with pytest.raises(TypeError) as raised:
        make(**wrong)

    [name] = wrong
    text = str(raised.value)
    assert text.startswith(f"{make.__name__}() has no argument {name}; allowed are ")
    assert some in text
    assert "self" not in text


def test_several_wrong_arguments_are_all_named():
    with pytest.raises(TypeError, match=r"^Every\(\) has no argument often, rarely; allowed are"):
        Every(seconds=1, often=2, rarely=3)  # type: ignore[call-arg]  # they are wrong


@pytest.mark.parametrize("kind", [each for each in KINDS if issubclass(each, Component)])
def test_every_kind_of_component_names_its_arguments(kind: type[Component]):
    with pytest.raises(TypeError, match=rf"^{kind.__name__}\(\) has no argument wrong; allowed"):
        kind(wrong=1)  # type: ignore[call-arg]  # it is wrong


def test_class_that_takes_any_argument_gets_it():
    assert Free(anything=1, value=2).value == 2


def test_older_names_of_arguments_still_work():
    assert Every(1, how="refresh", spread=3).jitter == 3  # type: ignore[call-arg]  # older names
    assert Chart(window=5, live=True).max_points == 5  # type: ignore[call-arg]  # an older name


@pytest.mark.parametrize("duplicate", [copy.copy, lambda each: pickle.loads(pickle.dumps(each))])
def test_copy_of_a_trigger_is_equal(duplicate: Callable[[Any], Any]):
    for trigger in (Every(seconds=2), OnChange("shop.Order", seconds=9)):
        assert duplicate(trigger) == trigger
