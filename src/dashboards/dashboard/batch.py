"""Loading several components by one request.

A page that has twenty deferred components in view asks once. What is ready within half a second
is answered; the others are loaded by requests of their own, so that none waits for a slow one for
ever: a value that is awaited is given up then, and no further one is begun, but asked for again. A
value that is not awaited cannot be given up: the first time it holds up what was begun with it.
That it did is remembered, by each process, and from then on it is left to a request of its own,
until it was quick there.
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
    """What came of it."""

    ready: dict[str, Shown]
    """What each box shows, by key."""
    again: list[str]
    """Keys that were not begun: to be asked for in another batch. What is in neither is slow, and
    is to be asked for by a request of its own."""


def load_together(dashboard: Dashboard, keys: Iterable[str]) -> Batch:
    """Load what is ready soon. What fails costs only itself."""
    end = monotonic() + SECONDS
    asked = [dashboard[key] for key in dict.fromkeys(keys) if key in dashboard.components]
    prompt = [each for each in asked if each.label not in _slow]
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
        each.prefetch_deferred()
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
    """Load one component, and note whether it may come with others again."""
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
