"""django-eventstream as its README sets it up for one process: no storage, no proxy."""

from typing import Any

from django.core.asgi import get_asgi_application
from django.urls import include, path
from django_eventstream import send_event
from django_eventstream.channelmanager import DefaultChannelManager

from bench.sites.control import Control
from bench.sites.marks import mark
from bench.sites.payload import render

urlpatterns = [path("board/", include("django_eventstream.urls"), {"channels": ["board"]})]


class ChannelManager(DefaultChannelManager):  # type: ignore[misc]
    """Lets only signed-in users read."""

    def can_read_channel(self, user: Any, channel: str) -> bool:  # noqa: ARG002 - there is one
        return user is not None


def push_number(number: int) -> None:
    send_event("board", "number", render(mark(number)), json_encode=False)


application = Control(get_asgi_application(), push_number)
