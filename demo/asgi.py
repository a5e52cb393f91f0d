"""The demo behind the edge: pages are pushed to, over one held connection each."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from dashboards.live.asgi import LiveStreamMiddleware
from demo.machine.sampler import sampler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
application = LiveStreamMiddleware(ASGIStaticFilesHandler(get_asgi_application()))
# Now, not when the first page is opened: its charts shall have something to show by then.
sampler.start()
# Needs the app registry, which is ready only now.
from demo.ways import sender  # noqa: E402

sender.start()
