"""django-eventstream's channels, under the permissions of the dashboards that show them.

The one module that imports django_eventstream. It is importable without it, and of use with it::

    EVENTSTREAM_CHANNELMANAGER_CLASS = "dashboards.eventstream.DashboardChannelManager"
"""

from typing import Any

from django.apps import apps
from django.http import HttpRequest

from dashboards.dashboard import Dashboard
from dashboards.registry import registry

try:
    from django_eventstream.channelmanager import DefaultChannelManager
except ImportError:
    DefaultChannelManager = object


class DashboardChannelManager(DefaultChannelManager):  # type: ignore[misc] # brings no types
    """Lets those read a dashboard's channels who may open the dashboard.

    A dashboard's channels are those that its ``Meta.event_channels`` names, and its own by name:
    ``<app_label>_<classname>``, and ``<app_label>_<classname>-<key>`` of each component. A channel
    that several dashboards name is read by those who may open all of them: its events may be of
    any. Where each user or each object has values of its own, nobody reads a channel by the
    dashboard's name: an event there would reach them all. Of any other channel decides what
    django-eventstream's default decides.
    """

    def can_read_channel(self, user: Any, channel: str) -> bool:
        """Whether a user (``None`` for whoever is not signed in) may read a channel.

        django-eventstream asks with the user only. The permission classes are given a request
        that holds this user and nothing else: no session, no address, no headers. One that asks
        for more than ``request.user`` needs a channel manager of your own.
        """
        dashboards = [dashboard for dashboard in registry if channel in get_channels(dashboard)]
        if not dashboards:
            allowed: bool = super().can_read_channel(user, channel)
            return allowed
        request = _request_of(user)
        return all(
            not dashboard._meta.is_divided and dashboard(request).has_permission(request)  # noqa: SLF001 - ours
            for dashboard in dashboards
        )


def get_channels(dashboard: type[Dashboard]) -> set[str]:
    """Return the channels of django-eventstream that belong to a dashboard."""
    name = dashboard.get_url_name()
    own = {name, *(f"{name}-{key}" for key in dashboard.declared)}
    return own.union(dashboard._meta.event_channels)  # noqa: SLF001 - ours


def _request_of(user: Any) -> HttpRequest:
    request = HttpRequest()
    request.method = "GET"
    if user is None and apps.is_installed("django.contrib.auth"):
        # Its models need the app.
        from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415

        user = AnonymousUser()
    if user is not None:
        request.user = user
    return request
