"""The live side of a bound component: how its value reaches pages that are open."""

import secrets
from collections.abc import Coroutine
from typing import Any, NamedTuple

from django.utils.safestring import SafeString

from dashboards.component.age import get_time
from dashboards.component.base import Bound
from dashboards.component.broadcast import broadcasting
from dashboards.component.loading import ValueLoader
from dashboards.component.owner import Owner
from dashboards.component.pending import PendingValue
from dashboards.component.release import TIME_MARK
from dashboards.component.states import BoxState
from dashboards.component.templates import ALL_VIEWERS
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.triggers import Every, OnChange, topic_of
from dashboards.live.wire.frames import Points
from dashboards.live.wire.value_state import ValueState

_COMPUTED = (Every, OnChange)

_PUSHED_JITTER_MILLISECONDS = 1000
"""The time over which pages spread their requests for a value that was pushed."""


class LiveBinding:
    """The live side of one bound component: computing, rendering and delivery of its value.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
        loader: the loader of its value.
    """

    def __init__(self, owner: Owner, bound: Bound, loader: ValueLoader) -> None:
        self._owner = owner
        self._bound = bound
        self._loader = loader

    @property
    def is_refreshed(self) -> bool:
        """True if an update tells each page to load its own value."""
        bound = self._bound
        live = bound.live
        if not live:
            return False
        if isinstance(live, _COMPUTED) and live.delivery == "per_viewer":
            return True
        return bound.declaration.is_personal or bound.is_restricted or bound.is_filtered

    @property
    def is_computed(self) -> bool:
        """True if the value is computed once for all viewers, not pushed."""
        return isinstance(self._bound.live, _COMPUTED) and not self.is_refreshed

    @property
    def is_computed_per_viewer(self) -> bool:
        """True if each page computes the value, whatever its filters are: none shows another."""
        bound, live = self._bound, self._bound.live
        if not isinstance(live, _COMPUTED):
            return False
        is_personal = live.delivery == "per_viewer" or bound.declaration.is_personal
        return is_personal or bound.is_restricted

    @property
    def jitter_milliseconds(self) -> int:
        """The time over which pages that load their own value spread their requests."""
        live = self._bound.live
        if not isinstance(live, _COMPUTED):
            return _PUSHED_JITTER_MILLISECONDS
        jitter = min(live.jitter, live.seconds) if isinstance(live, Every) else live.jitter
        return int(1000 * jitter)

    def render_state(self, state: ValueState, since: float) -> str:
        """Render a state for all viewers, without a request."""
        with broadcasting():
            url = self._bound.addresses.retry_url if state == "failed" else None
            return BoxState(state, since, retry_url=url).render(ALL_VIEWERS)

    def get_computed_value(self) -> ComputedValue | None:
        """Return how the live value is computed; ``None`` if it is not computed."""
        bound, live = self._bound, self._bound.live
        if not isinstance(live, _COMPUTED):
            return None
        debounce = live.debounce if isinstance(live, OnChange) else None
        topics = tuple(map(topic_of, live.models)) if isinstance(live, OnChange) else ()
        if self.is_refreshed:
            return ComputedValue(
                bound.event,
                live.seconds,
                new_refresh_token,
                deferred=bound.is_deferred,
                debounce=debounce,
                topics=topics,
            )
        owner, loader, is_awaited = self._owner, self._loader, self._loader.is_awaited
        is_begun = False
        began_at = 0.0
        pending: PendingValue | None = None

        def begin(refreshed: set[object]) -> Coroutine[Any, Any, None] | None:
            nonlocal began_at, is_begun, pending
            began_at = get_time()
            with broadcasting():
                if loader.has_subject and owner not in refreshed:
                    owner.refresh_from_db()
                    refreshed.add(owner)
                is_begun = True
                pending = loader.begin() if is_awaited else None
            return _wait(pending) if pending is not None and pending.is_waiting else None

        def render() -> str | Points:
            nonlocal is_begun, pending
            was_begun, is_begun = is_begun, False
            began, pending = pending, None
            at = began_at if was_begun else get_time()
            with broadcasting():
                try:
                    if not was_begun and loader.has_subject:
                        owner.refresh_from_db()
                    value = loader.get() if began is None else began.result()
                    return render_broadcast(bound, bound.prepare(value), at)
                except Exception as error:
                    owner.note_error(bound.event, error)
                    raise

        return ComputedValue(
            bound.event,
            live.seconds,
            render,
            begin=begin,
            is_awaited=is_awaited,
            release=bound.declaration._release.name,  # noqa: SLF001 - no part of the interface of kinds
            render_state=self.render_state,
            deferred=bound.is_deferred,
            debounce=debounce,
            topics=topics,
        )


class PushedValue(NamedTuple):
    """A value that was pushed to a live component: checked, and ready to be rendered."""

    owner: Owner
    """The dashboard instance that it was pushed to."""
    bound: Bound
    value: Any
    """The value, prepared by the component."""
    at: float
    """The time of the value, in seconds since 1970."""
    event: str
    label: str
    is_restricted: bool

    def render(self) -> str | Points:
        """Render the value, while ``broadcasting``: HTML; of a series its base and new points."""
        return render_broadcast(self.bound, self.value, self.at)

    def store_restricted(self, frame: str | Points) -> str:
        """Store the frame apart; return a refresh token, which the channel gets instead.

        Each page that receives the token loads the component with its own permissions.
        """
        self.owner.store_restricted(self.bound.key, frame)
        return new_refresh_token()


def render_broadcast(bound: Bound, value: Any, at: float | None = None) -> str | Points:
    """Render a prepared value for all viewers; call it while ``broadcasting``.

    Args:
        bound: the bound component.
        value: the prepared value.
        at: the time of the value. A series has it with its points: its base stays the same.
    """
    mark = bound.declaration._release.mark  # noqa: SLF001 - no part of the interface of kinds
    time = "" if at is None else TIME_MARK % at
    if not bound.series:
        return SafeString(f"{mark}{time}{ALL_VIEWERS.render_value(bound, value)}")
    base = ALL_VIEWERS.render_value(bound, bound.declaration.prepare_base())
    return Points(mark + base, [time + point for point in value], bound.series)


def new_refresh_token() -> str:
    """Return a token that is never the same: a page that gets it loads its own value."""
    return secrets.token_hex(4)


async def _wait(pending: PendingValue) -> None:
    """Wait for a value that is computed for all viewers."""
    with broadcasting():
        await pending.wait()
