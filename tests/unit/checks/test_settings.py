"""System checks of the settings."""

from typing import Any

import pytest
from django.apps import apps
from django.core.checks import Error
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from dashboards import conf
from tests.unit.checks.support import DATABASE, MEMORY, found, found_for_deployment, stores


def test_valid_project_gives_no_message():
    assert found() == []


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"HEARTBEAT_SECONDS": 1, "STREAM_MAX_AGE_SECONDS": 1.5, "POLL_MILLISECONDS": 100},
        {"HEARTBEAT_SECONDS": 15, "STREAM_MAX_AGE_SECONDS": 86_400, "POLL_MILLISECONDS": 60_000},
        {"PERMISSION_CLASSES": []},
        stores(BACKEND=MEMORY),
        stores(BACKEND=DATABASE, OPTIONS={"using": "default", "poll_seconds": 1}),
    ],
    ids=lambda given: ", ".join(given) + repr(given)[-20:],
)
def test_settings_within_bounds_give_no_message(settings: Settings, given: dict[str, Any]):
    settings.DASHBOARDS = given

    assert found() == []


def test_project_without_the_setting_gives_no_message(settings: Settings):
    del settings.DASHBOARDS

    assert found() == []


def test_e001_missing_django_htmx(settings: Settings):
    settings.INSTALLED_APPS = [each for each in settings.INSTALLED_APPS if each != "django_htmx"]
    assert not apps.is_installed("django_htmx")

    assert found() == [
        Error(
            "django_htmx is not in INSTALLED_APPS, so pages cannot load htmx.",
            hint='Add "django_htmx" to INSTALLED_APPS.',
            id="dashboards.E001",
        )
    ]


@pytest.mark.parametrize("wrong", [None, [], "default", 7, ("STORES", {})], ids=repr)
def test_e002_setting_of_another_type_than_dict(settings: Settings, wrong: Any):
    settings.DASHBOARDS = wrong

    assert found() == [
        Error(
            f"The setting DASHBOARDS must be a dict, got {wrong!r}.",
            hint=f"Its keys may be {', '.join(conf.DEFAULTS)}.",
            id="dashboards.E002",
        )
    ]


def test_e002_unknown_settings(settings: Settings):
    settings.DASHBOARDS = {"STORE": {}, "HEARTBEAT": 5}

    hint = f"Allowed are {', '.join(conf.DEFAULTS)}."
    assert found() == [
        Error("DASHBOARDS has no setting 'HEARTBEAT'.", hint=hint, id="dashboards.E002"),
        Error("DASHBOARDS has no setting 'STORE'.", hint=hint, id="dashboards.E002"),
    ]


@pytest.mark.parametrize(
    ("name", "bounds", "wrong"),
    [
        ("HEARTBEAT_SECONDS", "1 to 15", 0.5),
        ("HEARTBEAT_SECONDS", "1 to 15", 16),
        ("HEARTBEAT_SECONDS", "1 to 15", "15"),
        ("HEARTBEAT_SECONDS", "1 to 15", None),
        ("HEARTBEAT_SECONDS", "1 to 15", True),
        ("HEARTBEAT_SECONDS", "1 to 15", float("nan")),
        ("STREAM_MAX_AGE_SECONDS", "1 to 86400", 0),
        ("STREAM_MAX_AGE_SECONDS", "1 to 86400", float("inf")),
        ("STREAM_MAX_AGE_SECONDS", "1 to 86400", -5),
        ("POLL_MILLISECONDS", "100 to 60000", 99),
        ("POLL_MILLISECONDS", "100 to 60000", 60_001),
        ("POLL_MILLISECONDS", "100 to 60000", [1000]),
    ],
)
def test_e002_number_out_of_bounds(settings: Settings, name: str, bounds: str, wrong: Any):
    settings.DASHBOARDS = {name: wrong}

    assert found() == [
        Error(
            f"DASHBOARDS[{name!r}] must be a number from {bounds}, got {wrong!r}.",
            hint=f"Leave it out for the default, {conf.DEFAULTS[name]}.",
            id="dashboards.E002",
        )
    ]


@pytest.mark.parametrize("wrong", ["HTTP_X_FORWARDED_FOR", "X Forwarded For", "http-x-real-ip"])
def test_e038_invalid_header_of_client_addresses(settings: Settings, wrong: str):
    settings.DASHBOARDS = {"CLIENT_ADDRESS_HEADER": wrong}

    assert found() == [
        Error(
            f"DASHBOARDS['CLIENT_ADDRESS_HEADER'] is {wrong!r}, which is no header's name.",
            hint='Write it as in a request: "X-Forwarded-For", not "HTTP_X_FORWARDED_FOR".',
            id="dashboards.E038",
        )
    ]


def test_valid_header_of_client_addresses_gives_no_message(settings: Settings):
    settings.DASHBOARDS = {"CLIENT_ADDRESS_HEADER": "X-Real-IP"}

    assert found() == []


def test_error_stops_manage_py_check(settings: Settings):
    settings.DASHBOARDS = {"HEARTBEAT": 5}

    with pytest.raises(SystemCheckError, match=r"\(dashboards\.E002\) DASHBOARDS has no setting"):
        call_command("check")


class NoPermission:
    pass


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (["nowhere.Permission"], "No module named 'nowhere'"),
        (
            ["tests.unit.checks.test_settings.NoPermission"],
            "must hold subclasses of BasePermission or dotted",
        ),
        ([7], "must hold subclasses of BasePermission or dotted paths to them, got 7"),
        (
            "tests.unit.checks.test_settings.NoPermission",
            "must be a list or tuple of permission classes, got 't",
        ),
        (
            (each for each in [NoPermission]),
            "must be a list or tuple of permission classes, got <generator",
        ),
    ],
    ids=["unknown", "no permission", "number", "text", "generator"],
)
def test_e009_unusable_permission_classes(settings: Settings, classes: Any, reason: str):
    settings.DASHBOARDS = {"PERMISSION_CLASSES": classes}

    messages = found()

    assert {message.id for message in messages} == {"dashboards.E009"}
    assert all(reason in message.msg for message in messages)
    assert "Staff" not in "".join(message.msg for message in messages), "it names its own"


@pytest.mark.parametrize("wrong", ["yes", 2, []], ids=repr)
def test_e002_raise_value_errors_of_another_type(settings: Settings, wrong: Any):
    settings.DASHBOARDS = {"RAISE_VALUE_ERRORS": wrong}

    assert found() == [
        Error(
            f"DASHBOARDS['RAISE_VALUE_ERRORS'] must be True, False or None, got {wrong!r}.",
            hint="Leave it out for the default, None: errors are raised while tests run.",
            id="dashboards.E002",
        )
    ]


def test_e002_show_errors_to_staff_of_another_type(settings: Settings):
    settings.DASHBOARDS = {"SHOW_ERRORS_TO_STAFF": "yes"}

    assert found() == [
        Error(
            "DASHBOARDS['SHOW_ERRORS_TO_STAFF'] must be a bool, got 'yes'.",
            hint="Leave it out for the default, False.",
            id="dashboards.E002",
        )
    ]


@pytest.mark.parametrize(("given", "is_warned"), [(True, True), (False, False), (None, False)])
def test_w050_raise_value_errors_on_a_deployed_site(
    settings: Settings, *, given: bool | None, is_warned: bool
):
    settings.DASHBOARDS = {"RAISE_VALUE_ERRORS": given}

    warned = found_for_deployment()
    assert ("dashboards.W050" in [each.id for each in warned]) is is_warned
    assert "dashboards.W050" not in [each.id for each in found()]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("GRID_CSS_CLASSES", ["span-6"], "str"),
        ("COMPONENT_CSS_CLASSES", "wide", "dict"),
        ("LAYOUT_CSS_CLASSES", None, "dict"),
    ],
)
def test_e002_css_settings_of_another_type(settings: Settings, name: str, value: Any, kind: str):
    settings.DASHBOARDS = {name: value}

    [message] = found()

    assert message.id == "dashboards.E002"
    assert message.msg == f"DASHBOARDS[{name!r}] must be a {kind}, got {value!r}."
