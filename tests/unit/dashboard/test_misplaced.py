"""Attributes of dashboard classes that belong elsewhere."""

from typing import Any

import pytest
from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin

from dashboards.component import Stat
from dashboards.component.layout import ComponentLayout
from dashboards.dashboard import Dashboard
from dashboards.exceptions import DeclarationError
from dashboards.permissions import IsAdminUser


def declare(*bases: type, **attributes: Any) -> type:
    return type("Board", bases, {"orders": Stat(), **attributes})


@pytest.mark.parametrize(
    ("attributes", "place"),
    [
        ({"permission_classes": [IsAdminUser]}, "Meta"),
        ({"audience": "user"}, "Meta"),
        ({"filter_form": forms.Form}, "Meta"),
        ({"template_name": "board.html"}, "Meta"),
        ({"name": "Orders"}, "Meta"),
        ({"layout": ComponentLayout("orders")}, "Layout"),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else each,
)
def test_attribute_outside_of_its_inner_class_is_refused(attributes: dict[str, Any], place: str):
    """Permission classes in the body of the class, as other frameworks have them, were ignored
    without a word: everybody who was signed in got what was for staff."""
    [name] = attributes
    with pytest.raises(DeclarationError, match=rf"Board\.{name} must stand in class {place}: "):
        declare(Dashboard, **attributes)


def test_permission_classes_of_a_mixin_are_refused():
    mixin = type("Mixin", (), {"permission_classes": [IsAdminUser], "template_name": "page.html"})
    with pytest.raises(DeclarationError, match=r"Board\.permission_classes must stand in"):
        declare(mixin, Dashboard)


def test_attribute_of_a_mixin_may_be_taken_away_or_be_a_component():
    mixin = type("Mixin", (), {"permission_classes": [IsAdminUser], "audience": Stat()})
    declare(mixin, Dashboard, permission_classes=None)


@pytest.mark.parametrize("mixin", [LoginRequiredMixin, PermissionRequiredMixin])
def test_mixin_for_views_is_refused(mixin: type):
    with pytest.raises(DeclarationError, match="Board derives from a mixin for views"):
        declare(mixin, Dashboard)


def test_component_method_or_property_may_have_the_name_of_an_option():
    shown = declare(Dashboard, audience=Stat(), name=property(lambda _: "Orders"), model=None)
    assert shown().name == "Orders"


def test_mixin_of_a_project_may_have_the_name_of_djangos():
    declare(type("AccessMixin", (), {}), Dashboard)


def test_second_layout_may_be_an_attribute():
    class Board(Dashboard):
        orders = Stat()
        compact = ComponentLayout("orders")

        class Layout:
            components = ComponentLayout("orders")

    assert isinstance(Board.compact, ComponentLayout)


def test_component_of_a_base_may_be_taken_away_whatever_its_name():
    board = declare(declare(Dashboard, audience=Stat(), dispatch=Stat()), dispatch=None)
    assert list(board().components) == ["orders", "audience"]
