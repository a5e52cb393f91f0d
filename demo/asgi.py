"""The demo under ASGI: each page gets its updates over one open connection."""

import os

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from dashboards.live.asgi import LiveStreamMiddleware
from demo.machine.sampler import sampler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
site = get_asgi_application()
application = LiveStreamMiddleware(site if settings.STATIC_ROOT else ASGIStaticFilesHandler(site))
# At the start, so that the charts of the first page have something to show.
sampler.start()
# This import needs the app registry, which is ready only now.
from demo.ways import sender  # noqa: E402

sender.start()
