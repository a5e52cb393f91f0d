"""The system checks of a ``RedisStore``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the framework's name

from dashboards.live.stores.base import is_positive
from dashboards.live.stores.redis import connections
from dashboards.live.stores.redis.options import DEFAULTS
from dashboards.loggers import one_line
from dashboards.numeric import is_whole_number

_CHECK_SECONDS = 2.0
"""The longest time that the check of the connection waits."""


_LOSES_DATA = Warning(
    "Redis keeps nothing on disk: when it is restarted, pages that are opened later miss what was "
    "pushed before.",
    hint=(
        "Start it with --appendonly yes. Where each value is pushed or computed again soon, add "
        "this id to SILENCED_SYSTEM_CHECKS."
    ),
    id="dashboards.W058",
)


def check_options(options: Mapping[str, Any]) -> Sequence[CheckMessage]:
    """Check the options, and that redis-py is installed."""
    if unknown := sorted(set(options) - set(DEFAULTS)):
        return [
            Error(
                f"Unknown OPTIONS of RedisStore: {', '.join(unknown)}.",
                hint=f"Allowed are {', '.join(sorted(DEFAULTS))}.",
                id="dashboards.E004",
            )
        ]
    if not connections.INSTALLED:
        return [
            Error(
                "RedisStore needs the package redis, which is not installed.",
                hint=f"Run: {connections.INSTALL}",
                id="dashboards.E010",
            )
        ]
    return list(_check_values({**DEFAULTS, **options}))


def check_connection(url: str, timeout: float) -> Sequence[CheckMessage]:
    """Check that Redis answers within two seconds, and that it keeps its data."""
    seconds = min(timeout, _CHECK_SECONDS)
    error = connections.find_error(url, seconds)
    if error is None:
        return [_LOSES_DATA] if connections.loses_data(url, seconds) else ()
    return [
        Warning(
            f"RedisStore cannot reach Redis: {one_line(error)}",
            hint=(
                "Start Redis, or correct OPTIONS['url'] of the store. Until Redis answers, "
                "pages are served without live values, and pushes fail."
            ),
            id="dashboards.W044",
        )
    ]


def _check_values(options: Mapping[str, Any]) -> Iterator[CheckMessage]:
    try:
        connections.check_url(options["url"])
    except (AttributeError, ValueError) as error:
        yield Error(
            f"OPTIONS['url'] of RedisStore is {options['url']!r}: {error}",
            hint='Write it as "redis://host:6379/0", "rediss://…" or "unix://…".',
            id="dashboards.E011",
        )
    for name in ("timeout", "keep_seconds", "poll_seconds"):
        if not is_positive(options[name]):
            yield Error(
                f"OPTIONS[{name!r}] of RedisStore must be a number above 0, got {options[name]!r}.",
                hint="Leave it out for the default.",
                id="dashboards.E011",
            )
    if not isinstance(options["prefix"], str):
        yield Error(
            f"OPTIONS['prefix'] of RedisStore must be a text, got {options['prefix']!r}.",
            hint="Leave it out for the default, 'dashboards:'.",
            id="dashboards.E011",
        )
    most = options["max_connections"]
    if not is_whole_number(most, 1):
        yield Error(
            "OPTIONS['max_connections'] of RedisStore must be a whole number above 0, got "
            f"{most!r}.",
            hint="Leave it out for the default, 20.",
            id="dashboards.E011",
        )
