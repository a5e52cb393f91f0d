"""The options of a dashboard: the attributes of its Meta."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from dashboards.component import (
    Stat,
)
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import DeclarationError
from dashboards.permissions import AllowAny, IsAdminUser, IsAuthenticated
from tests.unit.dashboard.support import Base


def test_meta_is_inherited_but_for_the_name():
    class Child(Base):
        third = Stat()

    assert Child().name == "Child"
    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]


def test_a_meta_of_its_own_does_not_open_what_its_parent_guards():
    class Child(Base):
        class Meta:
            name = "The child"

    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]


def test_meta_may_extend_its_parents_meta():
    class Child(Base):
        class Meta(Base.Meta):
            name = "The child"

    assert Child().name == "The child"
    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]
    assert Base().name == "The base"


@pytest.mark.parametrize(
    ("class_name", "title"),
    [
        ("Operations", "Operations"),
        ("OperationsDashboard", "Operations"),
        ("NightShift", "Night shift"),
        ("NightShiftDashboard", "Night shift"),
        ("Dashboard", "Dashboard"),
    ],
)
def test_a_title_is_made_from_the_class_name(class_name: str, title: str):
    assert type(class_name, (Dashboard,), {})().name == title


def test_an_unknown_attribute_of_meta_is_refused_with_what_is_allowed():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            class Meta:
                name = "fine"
                permissions = ()
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta has no attribute colour, permissions; "
        "allowed are app_label, audience, event_channels, filter_form, include_in_menu, name, "
        "permission_classes, template_name."
    )


def test_what_only_a_dashboard_about_one_object_may_say_is_refused_elsewhere():
    """It was taken in silence, and the page had no object."""
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            class Meta:
                model = User
                lookup_field = "username"
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta may have lookup_field, model only where Wrong is about one object: "
        "derive it from ModelDashboard."
    )


def test_a_dashboard_about_one_object_inherits_what_a_plain_one_guards():
    class Guarded(Base, ModelDashboard):
        class Meta:
            model = User

    class Child(Guarded):
        pass

    assert [type(each) for each in Guarded().get_permissions()] == [IsAuthenticated]
    assert Child.get_model() is User
    assert Child.get_lookup_kwarg() == "pk"


def test_an_unknown_attribute_of_a_meta_about_one_object_is_refused_too():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(ModelDashboard):
            class Meta:
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta has no attribute colour; allowed are app_label, audience, event_channels, "
        "filter_form, include_in_menu, "
        "lookup_field, lookup_kwarg, model, name, permission_classes, template_name."
    )


def test_private_attributes_of_meta_are_nobodys_business():
    class Fine(Dashboard):
        class Meta:
            _note = "mine"
            name = "fine"

    assert Fine().name == "fine"


@pytest.mark.parametrize(
    "classes",
    [
        [IsAdminUser],
        (IsAdminUser,),
        ["dashboards.permissions.IsAdminUser"],
    ],
    ids=["list", "tuple", "dotted path"],
)
def test_permission_classes_are_classes_or_dotted_paths(classes: Any):
    class Guarded(Dashboard):
        class Meta:
            permission_classes = classes

    assert [type(each) for each in Guarded().get_permissions()] == [IsAdminUser]


def test_without_permission_classes_the_setting_decides_and_is_read_at_use(
    settings: Settings,
):
    class Open(Dashboard):
        pass

    assert [type(each) for each in Open().get_permissions()] == [AllowAny]

    settings.DASHBOARDS = {"PERMISSION_CLASSES": ["dashboards.permissions.IsAdminUser"]}

    assert [type(each) for each in Open().get_permissions()] == [IsAdminUser]


def test_no_permission_classes_are_not_the_setting(settings: Settings):
    class Open(Dashboard):
        class Meta:
            permission_classes = ()

    settings.DASHBOARDS = {"PERMISSION_CLASSES": [IsAdminUser]}

    assert Open().get_permissions() == []


@pytest.mark.django_db(transaction=True)
def test_an_unknown_audience_is_refused():
    with pytest.raises(DeclarationError, match=r"Meta\.audience must be 'everybody' or 'user'"):

        class Wrong(Dashboard):
            class Meta:
                audience = "family"
