"""The options of a dashboard: the attributes of its Meta."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.exceptions import DeclarationError
from dashboards.permissions import AllowAny, IsAdminUser, IsAuthenticated
from tests.unit.dashboard.support import Base


def test_meta_is_inherited_except_the_name():
    class Child(Base):
        third = Stat()

    assert Child().name == "Child"
    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]


def test_meta_without_permissions_inherits_them():
    class Child(Base):
        class Meta:
            name = "The child"

    assert [type(each) for each in Child().get_permissions()] == [IsAuthenticated]


def test_meta_extends_the_meta_of_its_parent():
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
def test_name_is_made_from_the_class_name(class_name: str, title: str):
    assert type(class_name, (Dashboard,), {})().name == title


def test_unknown_attributes_of_meta_are_refused():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            class Meta:
                name = "fine"
                permissions = ()
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta has no attribute colour, permissions; "
        "allowed are app_label, audience, event_channels, filter_form, include_in_menu, name, "
        "permission_classes, template_name, time_range, time_ranges."
    )


def test_model_attributes_of_a_plain_dashboard_are_refused():
    """The attributes were ignored, and the page had no object."""
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


def test_model_dashboard_inherits_permissions_of_a_plain_one():
    class Guarded(Base, ModelDashboard):
        class Meta:
            model = User

    class Child(Guarded):
        pass

    assert [type(each) for each in Guarded().get_permissions()] == [IsAuthenticated]
    assert Child.get_model() is User
    assert Child.get_lookup_kwarg() == "pk"


def test_unknown_attributes_of_the_meta_of_a_model_dashboard_are_refused():
    with pytest.raises(DeclarationError) as raised:

        class Wrong(ModelDashboard):
            class Meta:
                colour = "red"

    assert str(raised.value) == (
        "Wrong.Meta has no attribute colour; allowed are app_label, audience, event_channels, "
        "filter_form, include_in_menu, "
        "lookup_field, lookup_kwarg, model, name, permission_classes, template_name, "
        "time_range, time_ranges."
    )


def test_private_attributes_of_meta_are_ignored():
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


def test_missing_permission_classes_are_those_of_the_setting(
    settings: Settings,
):
    class Open(Dashboard):
        pass

    assert [type(each) for each in Open().get_permissions()] == [AllowAny]

    settings.DASHBOARDS = {"PERMISSION_CLASSES": ["dashboards.permissions.IsAdminUser"]}

    assert [type(each) for each in Open().get_permissions()] == [IsAdminUser]


def test_empty_permission_classes_override_the_setting(settings: Settings):
    class Open(Dashboard):
        class Meta:
            permission_classes = ()

    settings.DASHBOARDS = {"PERMISSION_CLASSES": [IsAdminUser]}

    assert Open().get_permissions() == []


@pytest.mark.django_db(transaction=True)
def test_unknown_audience_is_refused():
    with pytest.raises(DeclarationError, match=r"Meta\.audience must be 'everybody' or 'user'"):

        class Wrong(Dashboard):
            class Meta:
                audience = "family"
