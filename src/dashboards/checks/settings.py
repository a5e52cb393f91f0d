"""Checks of ``settings.DASHBOARDS`` and ``INSTALLED_APPS``."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import connections

from dashboards import conf
from dashboards.numeric import is_finite_number

_MAX_HEARTBEAT_SECONDS = 15
"""The page closes a stream that has been silent for 20 seconds (streams.js)."""

_BOUNDS = {
    "HEARTBEAT_SECONDS": (1, _MAX_HEARTBEAT_SECONDS),
    "STREAM_MAX_AGE_SECONDS": (1, 86_400),
    "MAX_STREAMS": (0, 10_000_000),
    "MAX_COMPUTE_THREADS": (1, 1000),
    "PAGE_WAIT_SECONDS": (0, 60),
    "COMPUTE_TIMEOUT_SECONDS": (1, 3600),
    "GRIP_POLL_SECONDS": (1, 3600),
    "POLL_MILLISECONDS": (100, 60_000),
    "MAX_FRAME_BYTES": (1_000, 1_000_000_000),
    "FORGET_AFTER_SECONDS": (0, 31_536_000),
    "RELOAD_SPREAD_SECONDS": (0, 3600),
    "MAX_QUERY_LENGTH": (200, 100_000),
    "MAX_MARKUP_LENGTH": (1_000, 1_000_000),
}
"""By setting, the smallest and the largest number that it may be."""

_TYPES = {
    "CLIENT_ADDRESS_HEADER": str,
    "GRID_CSS_CLASSES": str,
    "COMPONENT_CSS_CLASSES": dict,
    "LAYOUT_CSS_CLASSES": dict,
    "BOX_MENUS": bool,
    "SHOW_ERRORS_TO_STAFF": bool,
    "THEME_PICKER": bool,
}

_CONNECTION_LIMITS = {"postgresql": "SHOW max_connections", "mysql": "SELECT @@max_connections"}
"""By database vendor, the query for the number of connections that it allows."""


@register("dashboards")
def check_apps(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that django_htmx is installed: it serves htmx."""
    if apps.is_installed("django_htmx"):
        return ()
    return [
        Error(
            "django_htmx is not in INSTALLED_APPS, so pages cannot load htmx.",
            hint='Add "django_htmx" to INSTALLED_APPS.',
            id="dashboards.E001",
        )
    ]


@register("dashboards")
def check_settings(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check the names and values of ``DASHBOARDS``."""
    given = conf.user_settings()
    if not isinstance(given, dict):
        return [
            Error(
                f"The setting DASHBOARDS must be a dict, got {given!r}.",
                hint=f"Its keys may be {', '.join(conf.DEFAULTS)}.",
                id="dashboards.E002",
            )
        ]
    unknown: list[CheckMessage] = [
        Error(
            f"DASHBOARDS has no setting {name!r}.",
            hint=f"Allowed are {', '.join(conf.DEFAULTS)}.",
            id="dashboards.E002",
        )
        for name in sorted(set(given) - set(conf.DEFAULTS))
    ]
    return unknown + [
        Error(
            f"DASHBOARDS[{name!r}] must be {allowed}, got {conf.get(name)!r}.",
            hint=f"Leave it out for the default, {default}.",
            id="dashboards.E002",
        )
        for name, allowed, default in _find_wrong_values()
    ]


def _find_wrong_values() -> Iterator[tuple[str, str, str]]:
    """Yield each setting whose value is not allowed, what is allowed, and the default."""
    if conf.get("RAISE_VALUE_ERRORS") not in (True, False, None):
        default = "None: errors are raised while tests run"
        yield "RAISE_VALUE_ERRORS", "True, False or None", default
    if not isinstance(conf.get("RELEASE"), str | None):
        yield "RELEASE", "a text or None", "None: a hash of the files of pages"
    for name, kind in _TYPES.items():
        if not isinstance(conf.get(name), kind):
            yield name, f"a {kind.__name__}", repr(conf.DEFAULTS[name])
    for name, (low, high) in _BOUNDS.items():
        value = conf.get(name)
        if not is_finite_number(value, low) or value > high:
            yield name, f"a number from {low} to {high}", repr(conf.DEFAULTS[name])


@register(Tags.database)
def check_compute_threads(
    databases: Sequence[str] | None = None,
    **kwargs: Any,  # noqa: ARG001
) -> Sequence[CheckMessage]:
    """Check that the threads that compute live values leave enough database connections."""
    messages: list[CheckMessage] = []
    threads = conf.get("MAX_COMPUTE_THREADS")
    for alias in databases or ():
        query = _CONNECTION_LIMITS.get(connections[alias].vendor)
        if query is None:
            continue
        with connections[alias].cursor() as cursor:
            cursor.execute(query)
            most = int(cursor.fetchone()[0])
        if threads > most // 4:
            messages.append(
                Warning(
                    f"DASHBOARDS['MAX_COMPUTE_THREADS'] is {threads}: live values may take as many "
                    f"of the {most} connections of the database {alias!r}, in each process.",
                    hint=f"Set it to {most // 4} at most, or raise the database's limit.",
                    id="dashboards.W046",
                )
            )
    return messages


@register("dashboards", deploy=True)
def check_value_errors(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that errors of values do not fail requests of a deployed site."""
    if conf.get("RAISE_VALUE_ERRORS") is not True:
        return ()
    return [
        Warning(
            "DASHBOARDS['RAISE_VALUE_ERRORS'] is True: one value that raises makes its whole page "
            "a server error.",
            hint="Leave it out, so that errors are raised only while tests run.",
            id="dashboards.W050",
        )
    ]


@register("dashboards")
def check_client_address(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that ``CLIENT_ADDRESS_HEADER`` is the name of a request header."""
    name = conf.get("CLIENT_ADDRESS_HEADER")
    if not isinstance(name, str) or not name:
        return ()  # Reported by check_settings, or not set.
    if re.fullmatch(r"[A-Za-z0-9-]+", name) and not name.upper().startswith("HTTP-"):
        return ()
    return [
        Error(
            f"DASHBOARDS['CLIENT_ADDRESS_HEADER'] is {name!r}, which is no header's name.",
            hint='Write it as in a request: "X-Forwarded-For", not "HTTP_X_FORWARDED_FOR".',
            id="dashboards.E038",
        )
    ]
