"""The site with many other packages, beside WebSockets of Channels."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

from dashboards.live.asgi import LiveStreamMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.interplay_settings")
site = get_asgi_application()

from tests.interplay.consumers import Echo  # noqa: E402 - needs the apps

sockets: Any = path("echo/", Echo.as_asgi())  # type: ignore[arg-type] # of Django's views only
application: Any = LiveStreamMiddleware(
    ProtocolTypeRouter({"http": site, "websocket": URLRouter([sockets])})
)
