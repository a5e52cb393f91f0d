"""django-eventstream's channels, under the permissions of the dashboards that show them.

The one module that imports django_eventstream. It is importable without it, and of use with it::

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


class _Readers:
    """The users of streams, each as the object that came with a request.

    django-eventstream asks a stream anew about which something was said, with the user as it was
    when the stream was opened: one who has logged out since, or is no longer staff, was let in.
    """

    def __init__(self) -> None:
        # By identity, for two objects of one user are equal.
        self._known: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._gone: WeakValueDictionary[int, Any] = WeakValueDictionary()
        self._lock = Lock()

    def add(self, user: Any) -> None:
        """Know a user, before the stream is opened."""
        with self._lock:
            self._known[id(user)] = user

    def get_current(self, user: Any) -> Any:
        """Return a user as it is now: ``None`` after a logout, and for one who is not active."""
        with self._lock:
            if id(user) in self._gone:
                return None
            if id(user) not in self._known or user.pk is None:
                return user
        current = get_user_model()._default_manager.filter(pk=user.pk).first()  # noqa: SLF001 - public by custom
        # A user model of the project's own may have no such field.
        return current if getattr(current, "is_active", True) else None

    def log_out(self, user: Any) -> None:
        """Take every known object of a user for nobody's, from now on."""
        with self._lock:
            for each in list(self._known.values()):
                if each.pk == user.pk:
                    self._gone[id(each)] = each


_readers = _Readers()


class DashboardChannelManager(DefaultChannelManager):  # type: ignore[misc] # brings no types
    """Lets those read a dashboard's channels who may see what the channels carry.

    A dashboard's channels are those that its ``Meta.event_channels`` names, and its own by name:
    ``<app_label>_<classname>``, and ``<app_label>_<classname>-<key>`` of each component. The
    channel of one component is read by those who may open the dashboard and see that component. The
    dashboard's other channels may carry events of any of its components, so they are read by those
    who may see all of them. A channel that several dashboards name is read by those whom each of
    them lets read it. Where each user or each object has values of its own, nobody reads a
    channel by the dashboard's name: an event there would reach them all. Of any other channel
    django-eventstream's default decides.

    When a user logs out, that user's streams of these channels are ended in this process and at a
    GRIP proxy; pages that are still signed in connect again.
    """

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: Any) -> Any:
        """Return the channels that a request asks for, as django-eventstream has it.

        A channel manager of your own that overrides this must call it: from here on it is known
        whose stream is opened.
        """
        if (user := getattr(request, "user", None)) is not None:
            _readers.add(user)
        return super().get_channels_for_request(request, view_kwargs)

    def can_read_channel(self, user: Any, channel: str) -> bool:
        """Return True if a user (``None`` for one who is not signed in) may read a channel.

        django-eventstream asks with the user only. The permission classes are given a request
        that holds this user and nothing else: no session, no address, no headers. One that asks
        for more than ``request.user`` needs a channel manager of your own.
        """
        dashboards = [dashboard for dashboard in registry if channel in get_channels(dashboard)]
        if not dashboards:
            allowed: bool = super().can_read_channel(user, channel)
            return allowed
        request = _request_of(_readers.get_current(user))
        return all(_may_read(dashboard, channel, request) for dashboard in dashboards)


def _may_read(dashboard: type[Dashboard], channel: str, request: HttpRequest) -> bool:
    if dashboard._meta.is_divided:  # noqa: SLF001 - ours
        return False
    its = dashboard(request)
    if not grants(its.has_permission, request):
        return False
    key = channel.removeprefix(f"{dashboard.get_url_name()}-")
    if channel not in dashboard._meta.event_channels and key in dashboard.declared:  # noqa: SLF001 - ours
        return key in its.components
    return all(key in its.components for key in dashboard.declared)


def get_channels(dashboard: type[Dashboard]) -> set[str]:
    """Return the channels of django-eventstream that belong to a dashboard."""
    name = dashboard.get_url_name()
    own = {name, *(f"{name}-{key}" for key in dashboard.declared)}
    return own.union(dashboard._meta.event_channels)  # noqa: SLF001 - ours


def connect() -> None:
    """End a user's streams of dashboards' channels when that user logs out."""
    user_logged_out.connect(_end_streams, dispatch_uid="dashboards.eventstream")


def _end_streams(user: Any, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    if user is None:
        return
    # Before the streams are told: they ask who they are then.
    _readers.log_out(user)
    # They read the settings when they are imported.
    from django_eventstream.utils import get_channelmanager, publish_kick  # noqa: PLC0415
    from django_eventstream.views import get_listener_manager  # noqa: PLC0415

    if not isinstance(get_channelmanager(), DashboardChannelManager):
        return
    for channel in {channel for dashboard in registry for channel in get_channels(dashboard)}:
        get_listener_manager().kick(user.pk, channel)
        publish_kick(user.pk, channel)


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
