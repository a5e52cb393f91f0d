"""Checks of the settings of django-eventstream."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register  # noqa: A004
from django.utils.module_loading import import_string

from dashboards.eventstream import DashboardChannelManager
from dashboards.registry import registry


@register("dashboards")
def check_event_origins(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that allowed origins consist of scheme, host and port: browsers compare the text."""
    if not apps.is_installed("django_eventstream"):
        return ()
    wrong = [
        (name, origin)
        for name in ("EVENTSTREAM_ALLOW_ORIGIN", "EVENTSTREAM_ALLOW_ORIGINS")
        for origin in _as_list(getattr(settings, name, None) or ())
        if origin not in ("*", _origin_of(origin))
    ]
    return [
        Warning(
            f"{name} holds {origin!r}, which is the origin of no page.",
            hint=(
                'Write scheme, host and port as the browser shows them, with no "/" at the end: '
                '"http://127.0.0.1:8000".'
            ),
            id="dashboards.W030",
        )
        for name, origin in wrong
    ]


def _as_list(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list | tuple) else [given]


def _origin_of(text: Any) -> str:
    """Return the origin at the beginning of a URL; an empty string if there is none."""
    try:
        parts = urlsplit(text)
    except (AttributeError, TypeError, ValueError):
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


@register("dashboards")
def check_event_channels(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the channels of dashboards are protected by the dashboards' permissions."""
    named = [dashboard for dashboard in registry if dashboard._meta.event_channels]  # noqa: SLF001 - ours
    if not named or not apps.is_installed("django_eventstream"):
        return ()
    path = getattr(settings, "EVENTSTREAM_CHANNELMANAGER_CLASS", "")
    try:
        manager = import_string(path)
    except ImportError:
        manager = None
    if isinstance(manager, type) and issubclass(manager, DashboardChannelManager):
        return ()
    return [
        Warning(
            f"{dashboard.__name__}.Meta.event_channels names "
            f"{', '.join(map(repr, dashboard._meta.event_channels))}, but users who may not "  # noqa: SLF001 - ours
            f"open {dashboard.__name__} can read them, too.",
            hint=(
                "Set EVENTSTREAM_CHANNELMANAGER_CLASS = "
                '"dashboards.eventstream.DashboardChannelManager".'
            ),
            id="dashboards.W031",
        )
        for dashboard in named
    ]
