"""Values that fail, hang or are late: what the log and their boxes say of it.

A trouble lasts from the first failure until the next success. The log tells of a failure once, and
again where its text changes; a box says since when its value fails, whichever process computes it.
"""

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.live.frames import Points
from dashboards.live.metrics import METRICS
from dashboards.live.positions import Position
from dashboards.live.rounds import MAX_REMEMBERED, Key, Round, Value
from dashboards.live.states import State, current_states, state_event
from dashboards.live.stores.base import BaseStore
from dashboards.live.triggers import Source

logger = logging.getLogger("dashboards.live")

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
            extra={"event": "value recovered", "channel": channel, "key": key},
        )

    def fail(self, store: BaseStore, channel: str, source: Source, error: BaseException) -> None:
        """Log a failure, unless the last was the same, and show it in the value's box."""
        key = source.key
        episode = self._episode((store, channel, key))
        episode.count += 1
        text = f"{type(error).__name__}: {error}"
        if text != episode.text:
            episode.text = text
            logger.error(
                "The live value of %r on %r failed.",
                key,
                channel,
                exc_info=error,
                extra={"event": "value failed", "channel": channel, "key": key},
            )
        if source.render_state is None:
            return
        self._read_state(store, channel, key, episode)
        episode.failed_since = episode.failed_since or time.time()
        if episode.shown != "failed":
            _put_state(store, channel, source, "failed", episode.failed_since)
            episode.shown = "failed"

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

    def tell_late(self, store: BaseStore, channel: str, source: Source, since: float) -> None:
        """Show in a value's box that it is older than it should be."""
        if source.render_state is None:
            return
        episode = self._episode((store, channel, source.key))
        _put_state(store, channel, source, "late", since)
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
            extra={"event": "value hangs", "channel": channel, "key": key},
        )


def _put_state(store: BaseStore, channel: str, source: Source, state: State, since: float) -> None:
    if source.render_state is not None:
        html = f"{source.render_state(state, since)}<!--{state} {since:.0f}-->"
        store.put_each(channel, {state_event(source.key): html})


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
    refused: Mapping[str, BaseException] = store.put_each(channel, results) if results else {}
    failed = {**errors, **refused}
    METRICS.computed += len(results) - len(refused)
    METRICS.failed += len(failed)
    for key in results:
        if key not in refused:
            troubles.recover(store, channel, key)
    for source in round_.turn.sources:
        if source.key in failed:
            troubles.fail(store, channel, source, failed[source.key])


def render(
    source: Source, looked: set[object] | None = None
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
