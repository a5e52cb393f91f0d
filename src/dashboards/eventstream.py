"""Protects the channels of django-eventstream with the permissions of their dashboards.

Only this module imports django_eventstream. It can be imported without it. To use it::

    EVENTSTREAM_CHANNELMANAGER_CLASS = "dashboards.eventstream.DashboardChannelManager"
"""

from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest

from dashboards.dashboard import Dashboard
from dashboards.permissions import grants
from dashboards.registry import registry

try:
    from django_eventstream.channelmanager import DefaultChannelManager
except ImportError:
    DefaultChannelManager = object


class _StreamUsers:
    """The users of open streams, each as the object of the request that opened the stream.

    django-eventstream checks an open stream again with the user object of that request. Without
    this class, a user who has logged out since, or is no longer staff, would still be allowed.
    """

    def __init__(self) -> None:
        # By identity, because two objects of one user are equal.
        self._known: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._logged_out: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._lock = Lock()

    def add(self, user: Any) -> None:
        """Remember a user before the stream is opened."""
        with self._lock:
            self._known[id(user)] = user

    def get_current(self, user: Any) -> Any:
        """Return the user's current state, or None if the user has logged out or is not active."""
        with self._lock:
            if id(user) in self._logged_out:
                return None
            if id(user) not in self._known or user.pk is None:
                return user
        current = get_user_model()._default_manager.filter(pk=user.pk).first()  # noqa: SLF001 - public by custom
        # A project's own user model may have no such field.
        return current if getattr(current, "is_active", True) else None

    def log_out(self, user: Any) -> None:
        """Treat each remembered object of a user as logged out from now on."""
        with self._lock:
            for each in list(self._known.values()):
                if each.pk == user.pk:
                    self._logged_out[id(each)] = each


_stream_users = _StreamUsers()


class DashboardChannelManager(DefaultChannelManager):  # type: ignore[misc] # brings no types
    """Allows users to read the channels of dashboards whose content they may see.

    The channels of a dashboard are those of its ``Meta.event_channels``, the channel
    ``<app_label>_<classname>`` and, for each component, ``<app_label>_<classname>-<key>``:

    * The channel of a component may be read by users who may open the dashboard and see the
      component.
    * The other channels may carry events of any component, so they may be read by users who may see
      all components.
    * A channel that several dashboards name may be read by users whom all of them allow.
    * If each user or each object has values of its own, the channels named after the dashboard
      cannot be read: their events would reach all users.
    * All other channels are decided by django-eventstream's default.

    When a user logs out, the user's streams of these channels are closed in this process and at a
    GRIP proxy. Pages that are still signed in reconnect.
    """

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: Any) -> Any:
        """Return the channels of a request, as django-eventstream does.

        If you override this, call it: it remembers the user who opens a stream.
        """
        if (user := getattr(request, "user", None)) is not None:
            _stream_users.add(user)
        return super().get_channels_for_request(request, view_kwargs)

    def can_read_channel(self, user: Any, channel: str) -> bool:
        """Return True if a user (None if nobody is signed in) may read a channel.

        django-eventstream passes only the user. So permission classes get a request that has this
        user and nothing else: no session, no URL, no headers. A permission class that reads more
        than ``request.user`` needs a channel manager of your own.
        """
        dashboards = [dashboard for dashboard in registry if channel in get_channels(dashboard)]
        if not dashboards:
            allowed: bool = super().can_read_channel(user, channel)
            return allowed
        request = _get_request(_stream_users.get_current(user))
        return all(_may_read(dashboard, channel, request) for dashboard in dashboards)


def _may_read(dashboard: type[Dashboard], channel: str, request: HttpRequest) -> bool:
    if dashboard._meta.is_divided:  # noqa: SLF001 - ours
        return False
    instance = dashboard(request)
    if not grants(instance.has_permission, request):
        return False
    key = channel.removeprefix(f"{dashboard.get_url_name()}-")
    if channel not in dashboard._meta.event_channels and key in dashboard.declared:  # noqa: SLF001 - ours
        return key in instance.components
    return all(key in instance.components for key in dashboard.declared)


def get_channels(dashboard: type[Dashboard]) -> set[str]:
    """Return the channels of django-eventstream that belong to a dashboard."""
    name = dashboard.get_url_name()
    own = {name, *(f"{name}-{key}" for key in dashboard.declared)}
    return own.union(dashboard._meta.event_channels)  # noqa: SLF001 - ours


def connect() -> None:
    """Close a user's streams of dashboards' channels when the user logs out."""
    user_logged_out.connect(_close_streams, dispatch_uid="dashboards.eventstream")


def _close_streams(user: Any, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    if user is None:
        return
    # Before the streams are closed: closing one checks its user again.
    _stream_users.log_out(user)
    # Imported here: these modules read the settings when they are imported.
    from django_eventstream.utils import get_channelmanager, publish_kick  # noqa: PLC0415
    from django_eventstream.views import get_listener_manager  # noqa: PLC0415

    if not isinstance(get_channelmanager(), DashboardChannelManager):
        return
    for channel in {channel for dashboard in registry for channel in get_channels(dashboard)}:
        get_listener_manager().kick(user.pk, channel)
        publish_kick(user.pk, channel)


def _get_request(user: Any) -> HttpRequest:
    request = HttpRequest()
    request.method = "GET"
    if user is None and apps.is_installed("django.contrib.auth"):
        # Imported here: it imports models, which need the app.
        from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415

        user = AnonymousUser()
    if user is not None:
        request.user = user
    return request
