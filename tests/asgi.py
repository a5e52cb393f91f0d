"""The test site behind LiveStreamMiddleware."""

import os
from typing import Any

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

from dashboards.live.asgi import LiveStreamMiddleware

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
site = LiveStreamMiddleware(ASGIStaticFilesHandler(get_asgi_application()))
prefix = os.environ.get("TEST_SUB_PATH", "")


async def under_prefix(scope: Any, receive: Any, send: Any) -> None:
    """Serve the site also under a sub-path, like a server configured with ``root_path``."""
    if scope.get("path", "").startswith(f"{prefix}/"):
        scope = {**scope, "root_path": prefix}
    await site(scope, receive, send)


application: Any = under_prefix if prefix else site
