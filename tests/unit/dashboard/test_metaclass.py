"""The body of a dashboard class: its components, its own and inherited ones."""

import copy
from typing import Any

import pytest

from dashboards.component import Chart, Stat, Text
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.live import OnChange
from dashboards.registry import Registry
from tests.unit.dashboard.support import Base


def test_components_are_collected_in_order():
    assert list(Base.declared) == ["first", "second"]
    assert [component.key for component in Base()] == ["first", "second"]


def test_declared_components_are_no_attributes():
    assert not hasattr(Base, "first")
    assert not hasattr(Base(), "first")


def test_other_attributes_stay_attributes():
    class Mixed(Base):
        limit = 5
        third = Stat()

    assert Mixed.limit == 5
    assert list(Mixed.declared) == ["first", "second", "third"]


def test_dashboard_without_components_is_empty():
    class Bare(Dashboard):
        pass

    assert dict(Bare.declared) == {}
    assert list(Bare()) == []


def test_inherited_components_come_first():
    class Child(Base):
        third = Stat()

    assert list(Child.declared) == ["first", "second", "third"]
    assert list(Base.declared) == ["first", "second"]


def test_overriding_component_keeps_the_place():
    class Child(Base):
        first = Text(value="other")

    assert list(Child.declared) == ["first", "second"]
    assert isinstance(Child.declared["first"], Text)
    assert isinstance(Base.declared["first"], Stat)


def test_attribute_set_to_none_removes_an_inherited_component():
    class Child(Base):
        first = None

    assert list(Child.declared) == ["second"]
    assert list(Base.declared) == ["first", "second"]


def test_removed_component_is_missing_in_grandchildren():
    class Child(Base):
        first = None

    class Grandchild(Child):
        third = Stat()

    assert list(Grandchild.declared) == ["second", "third"]


def test_removed_component_is_declared_again():
    class Child(Base):
        first = None

    class Grandchild(Child):
        first = Text()

    assert isinstance(Grandchild.declared["first"], Text)


def test_component_of_the_first_base_wins():
    class Left(Base):
        first = Text()
        left = Stat()

    class Right(Base):
        right = Stat()

    class Both(Left, Right):
        pass

    assert set(Both.declared) == {"first", "second", "left", "right"}
    assert isinstance(Both.declared["first"], Text)


def test_method_of_a_mixin_gives_the_value():
    class Values:
        def get_first_value(self) -> str:
            return "of the mixin"

    class Child(Values, Base):
        pass

    assert Child()["first"].get_value().text == "of the mixin"


def test_method_of_a_subclass_gives_the_value():
    class Child(Base):
        def get_second_value(self) -> int:
            return 22

    assert [component.get_value().text for component in Child()] == [1, 22]


def test_inherited_component_with_another_key_is_replaced_by_attribute():
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


def test_mutable_value_is_left_unchanged():
    pytest.importorskip("plotly")
    figure = {"data": [{"y": [3, 1, 2]}], "layout": {"title": "</script>"}}

    class Shared(Dashboard):
        chart = Chart(value=figure)
        stat = Stat(value={"text": "<b>", "sub_text": None})

    before = copy.deepcopy(dict(Shared.declared))

    for component in Shared():
        component.render(component.get_value())

    assert dict(Shared.declared) == before


def test_declared_components_are_read_only():
    with pytest.raises(TypeError, match="does not support item assignment"):
        Base.declared["first"] = Stat()  # type: ignore[index]


@pytest.mark.parametrize(
    ("value", "kind", "hint"),
    [
        ([Stat(), 1], "list", ""),
        ((Stat(),), "tuple", " Is there a comma behind it?"),
        ((Stat(), Stat()), "tuple", ""),
        ({"a": Stat()}, "dict", ""),
    ],
)
def test_collection_of_components_is_refused(value: Any, kind: str, hint: str):
    """Regression: none of them was shown, and nothing said so."""
    with pytest.raises(DeclarationError) as raised:
        type("Board", (Dashboard,), {"several": value})

    assert str(raised.value) == (
        f"Board.several is a {kind} of components, which would not be shown: assign each component "
        f"to an attribute of its own.{hint}"
    )


def test_collection_of_components_may_be_added_by_the_init_of_its_class():
    class Adding(Dashboard):
        several = (Stat(key="one"), Stat(key="two"))
        names = ["one", "two"]  # noqa: RUF012 - as users write it

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            for each in self.several:
                self.components[str(each.key)] = each

    assert [each.key for each in Adding()] == ["one", "two"]


def test_class_of_a_component_is_refused_in_place_of_an_instance():
    """Without its parentheses the component was missing from the page without a word."""
    message = r"^Sales\.orders is the class Stat, not a component: write orders = Stat\(…\)\.$"
    with pytest.raises(DeclarationError, match=message):

        class Sales(Dashboard):
            orders = Stat

    class Own(Dashboard):
        class Kind(Stat):
            """Declared where it is used."""

        orders = Kind()

    assert list(Own.declared) == ["orders"]


def test_model_that_does_not_exist_is_refused_with_the_name_of_the_component():
    class Board(Dashboard):
        orders = Stat(value=int, live=OnChange("auth.Ordr"))

        class Meta:
            app_label = "auth"

    own = Registry()
    for _ in range(2):
        with pytest.raises(
            DeclarationError, match=r"^Board\.orders: live=OnChange\('auth\.Ordr'\): "
        ):
            own.register(Board)
    assert not len(own)
