"""Values that fail, hang or are late: what the log and their boxes say of it.

A trouble lasts from the first failure until the next success. The log tells of a failure once, and
again where its text changes; a box says since when its value fails, whichever process computes it.
"""

import logging
import re
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.live.compute.rounds import MAX_REMEMBERED, Key, Round, Value
from dashboards.live.compute.triggers import ComputedValue
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.live.wire.value_state import State, current_states, state_event

logger = logging.getLogger("dashboards.live")

_LOG_SECONDS = 10.0
"""An error's text that changes each time is not logged more often."""
_MARK = re.compile(r"<!--(late|failed) (\d+)-->\Z")
"""Ends a state's HTML: which state it is and since when, for whoever continues it."""


@dataclass(slots=True)
class _Episode:
    """A value's trouble, from the first failure until the next success."""

    failed_since: float = 0.0
    shown: State = "fresh"
    """Which state this process has put, or found, in the store."""
    at: Position | None = None
    """Up to where the channel was read for it."""
    text: str = ""
    logged_at: float = 0.0
    count: int = 0
    is_hung: bool = False


class Troubles:
    """The troubles of one process's values."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._episodes: OrderedDict[Key, _Episode] = OrderedDict()

    def recover(self, store: BaseStore, channel: str, key: str) -> None:
        """End a value's trouble: its frame is newer than its state."""
        episode = self._episodes.pop((store, channel, key), None)
        if episode is None or not (episode.count or episode.is_hung):
            return
        logger.warning(
            "The live value of %r on %r is computed again, after %d failures.",
            key,
            channel,
            episode.count,
            extra={"event": "value_recovered", "channel": channel, "key": key},
        )

    def fail(
        self, store: BaseStore, channel: str, source: ComputedValue, error: BaseException
    ) -> dict[str, str]:
        """Log a failure that is new, and return the frame that shows it, where none does yet."""
        key = source.key
        episode = self._episode((store, channel, key))
        episode.count += 1
        now = time.time()
        # As the traceback would have it: the error's own __str__ may raise.
        text = "".join(traceback.format_exception_only(error))
        if text != episode.text and now - episode.logged_at >= _LOG_SECONDS:
            episode.text, episode.logged_at = text, now
            logger.error(
                "The live value of %r on %r failed.",
                key,
                channel,
                exc_info=error,
                extra={"event": "value_failed", "channel": channel, "key": key},
            )
        if source.render_state is None:
            return {}
        self._read_state(store, channel, key, episode)
        episode.failed_since = episode.failed_since or now
        if episode.shown == "failed":
            return {}
        episode.shown = "failed"
        return _state_frame(source, "failed", episode.failed_since)

    def _episode(self, id_: Key) -> _Episode:
        with self._lock:
            episode = self._episodes.setdefault(id_, _Episode())
            if len(self._episodes) > MAX_REMEMBERED:
                self._episodes.popitem(last=False)
        return episode

    def _read_state(self, store: BaseStore, channel: str, key: str, episode: _Episode) -> None:
        """Take in what other processes put: another state, or a value, which ends a failure."""
        changes = store.since(channel, episode.at)
        is_whole = not (episode.at and changes.position and changes.position.knows(episode.at))
        episode.at = changes.position
        frames = [each for each in changes.frames if each.key in {key, state_event(key)}]
        if not frames and not is_whole:
            return
        html = current_states(frames).get(key)
        if html is None:
            episode.shown, episode.failed_since = "fresh", 0.0
        elif mark := _MARK.search(html):
            episode.shown = "late" if mark[1] == "late" else "failed"
            if episode.shown == "failed":
                episode.failed_since = float(mark[2])

    def tell_late(
        self, store: BaseStore, channel: str, source: ComputedValue, since: float
    ) -> None:
        """Show in a value's box that it is older than it should be."""
        if source.render_state is None:
            return
        episode = self._episode((store, channel, source.key))
        store.put_each(channel, _state_frame(source, "late", since))
        episode.shown = "late"

    def report_hang(self, value: Value, seconds: float) -> None:
        """Log once that a value does not become ready.

        Args:
            value: the value.
            seconds: how long it has been computed.
        """
        if value.is_reported:
            return
        value.is_reported = True
        self._episode(value.id).is_hung = True
        channel, key = value.round.channel, value.source.key
        logger.error(
            "The live value of %r on %r has been computed for %.0f s and is not ready; until "
            "then its last value is shown.",
            key,
            channel,
            seconds,
            extra={"event": "value_hanging", "channel": channel, "key": key},
        )


def _state_frame(source: ComputedValue, state: State, since: float) -> dict[str, str]:
    if source.render_state is None:
        return {}
    html = f"{source.render_state(state, since)}<!--{state} {since:.0f}-->"
    return {state_event(source.key): html}


def put_outcome(
    round_: Round,
    results: Mapping[str, str | Points],
    errors: Mapping[str, BaseException],
    troubles: Troubles,
) -> None:
    """Put what came of values. What failed, or is refused by the store, costs only itself.

    Raises:
        Exception: the store cannot be reached.
    """
    store, channel = round_.store, round_.channel
    sources = {source.key: source for source in round_.turn.sources}

    def fail(errors: Mapping[str, BaseException]) -> dict[str, str]:
        frames: dict[str, str] = {}
        for key, error in errors.items():
            frames |= troubles.fail(store, channel, sources[key], error)
        METRICS.failed += len(errors)
        return frames

    frames = {**results, **fail(errors)}
    refused = store.put_each(channel, frames) if frames else {}
    refused = {key: error for key, error in refused.items() if key in results}
    if states := fail(refused):
        store.put_each(channel, states)
    METRICS.computed += len(results) - len(refused)
    for key in results.keys() - refused.keys():
        troubles.recover(store, channel, key)


def render(
    source: ComputedValue, looked: set[object] | None = None
) -> tuple[str | Points | None, BaseException | None]:
    """Compute and render a value; return what came of it, and what it raised.

    Args:
        source: the value.
        looked: what was read anew for the values before it; ``None`` where it was begun already.
    """
    try:
        if looked is not None and source.begin is not None:
            source.begin(looked)
        return source.render(), None
    except BaseException as error:  # noqa: BLE001 - it is of somebody else's code
        return None, error
