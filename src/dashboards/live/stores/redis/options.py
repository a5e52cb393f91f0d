"""The options of ``RedisStore``."""

from collections.abc import Mapping
from typing import Any

DEFAULTS: Mapping[str, Any] = {
    "url": "redis://localhost:6379/0",
    "prefix": "dashboards:",
    "timeout": 5,
    "keep_seconds": 30 * 24 * 3600,
    "poll_seconds": 2,
    "max_connections": 20,
}
"""The options of the store, and their defaults."""
