"""System checks: a misconfiguration is told with an id and a hint before it is an empty page."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, reverse

from dashboards import conf
from dashboards.component import Chart
from dashboards.live.stores import get_store
from dashboards.permissions import BasePermission
from dashboards.registry import registry

# The page takes a stream for dead that was silent for 40 seconds (live.js).
_MAX_HEARTBEAT_SECONDS = 30


@register("dashboards")
def check_apps(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """django_htmx must be installed: it serves htmx."""
    if apps.is_installed("django_htmx"):
        return ()
    return [
        Error(
            "django_htmx is not in INSTALLED_APPS, so pages cannot load htmx.",
            hint='Add "django_htmx" to INSTALLED_APPS.',
            id="dashboards.E001",
        )
    ]


@register("dashboards")
def check_settings(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """``DASHBOARDS`` may hold only known names, with usable values."""
    given = conf.given()
    if not isinstance(given, dict):
        return [
            Error(
                f"The setting DASHBOARDS must be a dict, got {given!r}.",
                hint=f"Its keys may be {', '.join(conf.DEFAULTS)}.",
                id="dashboards.E002",
            )
        ]
    messages: list[CheckMessage] = [
        Error(
            f"DASHBOARDS has no setting {name!r}.",
            hint=f"Allowed are {', '.join(conf.DEFAULTS)}.",
            id="dashboards.E002",
        )
        for name in sorted(set(given) - set(conf.DEFAULTS))
    ]
    bounds = {
        "HEARTBEAT_SECONDS": (1, _MAX_HEARTBEAT_SECONDS),
        "STREAM_MAX_AGE_SECONDS": (1, 86_400),
        "MAX_STREAMS": (0, 10_000_000),
        "POLL_MILLISECONDS": (100, 60_000),
    }
    for name, (low, high) in bounds.items():
        value = conf.get(name)
        if not isinstance(value, int | float) or not low <= value <= high:
            messages.append(
                Error(
                    f"DASHBOARDS[{name!r}] must be a number from {low} to {high}, got {value!r}.",
                    hint=f"Leave it out for the default, {conf.DEFAULTS[name]}.",
                    id="dashboards.E002",
                )
            )
    return messages


@register("dashboards")
def check_store(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Every store must be usable as configured."""
    if not isinstance(conf.given(), dict):
        return ()  # Said above.
    stores = conf.get("STORES")
    messages: list[CheckMessage] = []
    for alias in dict.fromkeys(("default", *(stores if isinstance(stores, dict) else ()))):
        try:
            found = get_store(alias).check()
        except ImproperlyConfigured as error:
            found = [
                Error(
                    str(error),
                    hint=f"The default is {conf.DEFAULTS['STORES']!r}.",
                    id="dashboards.E003",
                )
            ]
        messages += [each for each in found if each not in messages]
    return messages


@register("dashboards")
def check_urls(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Registered dashboards must have an address."""
    for dashboard in registry:
        example = dashboard.get_example_kwargs()
        try:
            reverse(f"dashboards:{dashboard.get_page_url_name()}", kwargs=example)
        except NoReverseMatch:
            return [
                Warning(
                    f"{dashboard.__name__} is registered, but no address leads to it.",
                    hint='Add path("dashboards/", include("dashboards.urls")) to your URLs.',
                    id="dashboards.W007",
                )
            ]
    return ()


@register("dashboards")
def check_plotly(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """A chart needs plotly."""
    if find_spec("plotly"):
        return ()
    return [
        Error(
            f"{dashboard.__name__}.{key} is a Chart, but plotly is not installed.",
            hint='pip install "django-live-dashboards[plotly]"',
            id="dashboards.E008",
        )
        for dashboard in registry
        for key, component in dashboard.declared.items()
        if isinstance(component, Chart)
    ]


@register("dashboards")
def check_permissions(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Permission classes must be classes that can be found."""
    messages: list[CheckMessage] = []
    for dashboard in registry:
        try:
            its = dashboard()
        except Exception:  # noqa: BLE001 - an __init__ of one's own may need a request
            its = dashboard.__new__(dashboard)
        try:
            permissions = its.get_permissions()
        except (ImportError, TypeError) as error:
            reason = str(error)
        else:
            given: list[object] = list(permissions)
            wrong = [each for each in given if not isinstance(each, BasePermission)]
            if not wrong:
                continue
            reason = f"{wrong[0]!r} is no BasePermission"
        messages.append(
            Error(
                f"The permission classes of {dashboard.__name__} cannot be used: {reason}.",
                hint=(
                    "Give Meta.permission_classes or DASHBOARDS['PERMISSION_CLASSES'] subclasses "
                    "of BasePermission, or dotted paths to them."
                ),
                id="dashboards.E009",
            )
        )
    return messages
