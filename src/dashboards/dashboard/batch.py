"""Loading several components with one request.

A page with twenty deferred components in view sends one request. The response contains what is
ready within half a second. The others are loaded with other requests, so that no component waits
for a slow one:

* A value that is awaited is cancelled after half a second, and loaded with a request of its own.
* Components that were not started by then are requested again in another batch.
* A value that is not awaited cannot be cancelled, so the first time it delays the whole batch. Each
  process remembers that it was slow, and leaves it to a request of its own until it is quick there.
"""

from collections.abc import Iterable
from functools import partial
from time import monotonic
from typing import NamedTuple

from dashboards.component.bound import BoundComponent
from dashboards.component.pending import gather_values
from dashboards.component.rendering import Shown
from dashboards.dashboard.base import Dashboard

SECONDS = 0.5

_slow: set[str] = set()


class Batch(NamedTuple):
    """The result of a batch."""

    ready: dict[str, Shown]
    """The content of each box, by key."""
    again: list[str]
    """Keys that were not started: request them again in a batch. Keys in neither are slow: request
    each of them alone."""


def load_together(dashboard: Dashboard, keys: Iterable[str]) -> Batch:
    """Load what is ready within ``SECONDS``. A component that fails does not affect the others."""
    end = monotonic() + SECONDS
    requested = [dashboard[key] for key in dict.fromkeys(keys) if key in dashboard.components]
    prompt = [each for each in requested if each.label not in _slow]
    shared = [each for each in prompt if each.is_computed and not each.is_customized]
    if shared:
        began = monotonic()
        dashboard.compute_due(deferred=True)
        _note(shared, monotonic() - began)
    begun: list[BoundComponent] = []
    for each in prompt:
        if begun and monotonic() > end:
            break
        began = monotonic()
        each.loader.prefetch_deferred()
        _note([each], monotonic() - began)
        begun.append(each)
    gather_values([each.loader.pending for each in begun if each.loader.pending], SECONDS)
    ready: dict[str, Shown] = {}
    for each in begun:
        if each.loader.pending and each.loader.pending.is_waiting:
            _slow.add(each.label)
            continue
        load = partial(dashboard.load_content, each.key, is_due=False)
        ready[each.key] = each.show(load, is_loaded=True)
    return Batch(ready, [each.key for each in prompt[len(begun) :]])


def load_alone(dashboard: Dashboard, key: str) -> Shown:
    """Load one component, and remember whether it is quick enough for a batch."""
    began = monotonic()
    component = dashboard[key]
    shown = component.show(partial(dashboard.load_content, key), is_loaded=True)
    _note([component], monotonic() - began)
    return shown


def _note(components: Iterable[BoundComponent], seconds: float) -> None:
    for each in components:
        if seconds > SECONDS:
            _slow.add(each.label)
        else:
            _slow.discard(each.label)
