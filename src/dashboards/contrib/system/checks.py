"""The system check of this app."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Info

_MIDDLEWARE = "dashboards.contrib.system.middleware.RequestCounterMiddleware"


def check_middleware(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that requests are counted."""
    if _MIDDLEWARE in settings.MIDDLEWARE:
        return ()
    return [
        Info(
            "dashboards.contrib.system is installed, but requests are not counted.",
            hint=f"Add {_MIDDLEWARE!r} to MIDDLEWARE, as the first entry.",
            id="dashboards.I060",
        )
    ]
