"""The ASGI application, whose middleware keeps the streams of open pages."""

import os

from django.core.asgi import get_asgi_application

from dashboards.live.asgi import LiveStreamMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

application = LiveStreamMiddleware(get_asgi_application())
