"""The time of a value, and the age from which its box says that it is old.

A page gets the time of the value, not that of its own arrival: a frame contains the time at which
its value was pushed, or at which computing it began.
"""

from datetime import timedelta

from dashboards.component.base import Bound, Component
from dashboards.live.compute.triggers import Every, OnChange
from dashboards.live.stores import get_store
from dashboards.numeric import is_finite_number

HEADER = "Dashboards-At"
"""The response header with the time of a value beside its content: seconds since 1970."""

_MARGIN = 1.5
"""A value counts as old after this many intervals …"""
_MARGIN_SECONDS = 3.0
"""… and these seconds: for the computing, the way to the page, and a page that polls."""


def get_stale_seconds(component: Component) -> float | None:
    """Return the age in seconds from which a value is old; ``None`` if it never is.

    Args:
        component: the declaration. Its ``stale_after`` takes precedence over its interval.
    """
    stale_after, live = component.stale_after, component.live
    if isinstance(stale_after, timedelta):
        return stale_after.total_seconds()
    if stale_after is not None:
        return stale_after
    if isinstance(live, Every | OnChange):
        jitter = live.jitter if live.delivery == "per_viewer" else 0.0
        return _MARGIN * live.seconds + _MARGIN_SECONDS + jitter
    if component.poll_rate and not live:
        return _MARGIN * component.poll_rate + _MARGIN_SECONDS
    return None


def is_age(stale_after: object) -> bool:
    """Return True if a ``stale_after`` is valid."""
    if isinstance(stale_after, timedelta):
        return stale_after > timedelta()
    if is_finite_number(stale_after):
        # Scripts read it as a number: no infinity, and no integer that is too large for a float.
        return 0 < stale_after <= timedelta.max.total_seconds()
    return stale_after is None


def is_aging(bound: Bound) -> bool:
    """Return True if a page shows the age of a component's value, or its time when it fails."""
    return bool(bound.live or bound.declaration.poll_rate)


def get_time() -> float:
    """Return the seconds since 1970, by the clock of the store."""
    return get_store().clock.time()
