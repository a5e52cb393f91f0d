"""The body of a dashboard class: which components it collects, and which it inherits."""

import copy

import pytest

from dashboards.component import (
    Chart,
    Stat,
    Text,
)
from dashboards.dashboard import Dashboard
from tests.unit.dashboard.support import Base


def test_components_are_collected_in_the_order_they_were_written():
    assert list(Base.declared) == ["first", "second"]
    assert [component.key for component in Base()] == ["first", "second"]


def test_declarations_leave_the_class_so_that_nothing_can_reach_them_by_name():
    assert not hasattr(Base, "first")
    assert not hasattr(Base(), "first")


def test_what_is_no_component_stays_an_attribute():
    class Mixed(Base):
        limit = 5
        third = Stat()

    assert Mixed.limit == 5
    assert list(Mixed.declared) == ["first", "second", "third"]


def test_a_dashboard_without_components_is_a_dashboard():
    class Bare(Dashboard):
        pass

    assert dict(Bare.declared) == {}
    assert list(Bare()) == []


def test_components_are_inherited_and_followed_by_new_ones():
    class Child(Base):
        third = Stat()

    assert list(Child.declared) == ["first", "second", "third"]
    assert list(Base.declared) == ["first", "second"]


def test_an_overriding_component_takes_its_predecessors_place():
    class Child(Base):
        first = Text(value="other")

    assert list(Child.declared) == ["first", "second"]
    assert isinstance(Child.declared["first"], Text)
    assert isinstance(Base.declared["first"], Stat)


def test_a_name_set_to_none_takes_an_inherited_component_away():
    class Child(Base):
        first = None

    assert list(Child.declared) == ["second"]
    assert list(Base.declared) == ["first", "second"]


def test_what_was_taken_away_stays_away_in_grandchildren():
    class Child(Base):
        first = None

    class Grandchild(Child):
        third = Stat()

    assert list(Grandchild.declared) == ["second", "third"]


def test_what_was_taken_away_can_be_declared_anew():
    class Child(Base):
        first = None

    class Grandchild(Child):
        first = Text()

    assert isinstance(Grandchild.declared["first"], Text)


def test_the_nearest_of_several_bases_wins():
    class Left(Base):
        first = Text()
        left = Stat()

    class Right(Base):
        right = Stat()

    class Both(Left, Right):
        pass

    assert set(Both.declared) == {"first", "second", "left", "right"}
    assert isinstance(Both.declared["first"], Text)


def test_values_come_from_methods_that_a_mixin_brings():
    class Values:
        def get_first_value(self) -> str:
            return "of the mixin"

    class Child(Values, Base):
        pass

    assert Child()["first"].get_value().text == "of the mixin"


def test_a_subclass_overrides_how_an_inherited_component_gets_its_value():
    class Child(Base):
        def get_second_value(self) -> int:
            return 22

    assert [component.get_value().text for component in Child()] == [1, 22]


def test_an_inherited_component_with_a_key_of_its_own_is_replaced_by_attribute():
    class Parent(Dashboard):
        cpu = Stat(key="processor")
        memory = Stat()

    class Replaced(Parent):
        cpu = Text(key="processor")  # type: ignore[assignment]

    class Removed(Parent):
        cpu = None  # type: ignore[assignment]

    assert type(Replaced.declared["processor"]) is Text
    assert list(Replaced.declared) == ["processor", "memory"]
    assert list(Removed.declared) == ["memory"]


def test_a_mutable_value_is_shown_and_left_alone():
    figure = {"data": [{"y": [3, 1, 2]}], "layout": {"title": "</script>"}}

    class Shared(Dashboard):
        chart = Chart(value=figure)
        stat = Stat(value={"text": "<b>", "sub_text": None})

    before = copy.deepcopy(dict(Shared.declared))

    for component in Shared():
        component.render(component.get_value())

    assert dict(Shared.declared) == before


def test_what_is_declared_cannot_be_replaced():
    with pytest.raises(TypeError, match="does not support item assignment"):
        Base.declared["first"] = Stat()  # type: ignore[index]
