"""The test site behind the edge."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from dashboards.live.asgi import LiveEdge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
application = LiveEdge(ASGIStaticFilesHandler(get_asgi_application()))
