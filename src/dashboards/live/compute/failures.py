"""Values that fail, hang or are late: what is logged, and what their boxes show.

A failure lasts until the value is computed again. It is logged once, and again if its text changes.
A box shows since when its value fails, whichever process computes it.
"""

import logging
import re
import threading
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.live.compute.batches import MAX_REMEMBERED
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.rounds import Key, Round, ValueRun
from dashboards.live.metrics import METRICS
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.live.wire.value_state import ValueState, current_states, state_event

logger = logging.getLogger("dashboards.live")

_LOG_SECONDS = 10.0
"""An error whose text changes each time is logged at this interval at most."""
_MAX_TEXT = 1000
"""The part of an error's text that is remembered: that of a database may contain its parameters."""
_MARK = re.compile(r"<!--(late|failed) (\d+)-->\Z")
"""The end of a state's HTML: the state and when it began, for a process that continues it."""


@dataclass(slots=True)
class _Episode:
    """A value's failure, from the first error until the value is computed again."""

    failed_since: float = 0.0
    shown: ValueState = "fresh"
    """The state that this process has put into the store, or found there."""
    read_to: Position | None = None
    """The position up to which the channel was read for that state."""
    text: str = ""
    logged_at: float = 0.0
    count: int = 0
    is_hung: bool = False


class Failures:
    """The values of one process that fail."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._episodes: OrderedDict[Key, _Episode] = OrderedDict()
        self.is_refusal_logged = False
        """True if the store refuses values, and that is logged. A success sets it to False."""

    def end(self, store: BaseStore, channel: str, key: str) -> None:
        """End a value's failure: its frame is newer than its state."""
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

    def begin(
        self, store: BaseStore, channel: str, value: ComputedValue, error: BaseException
    ) -> dict[str, str]:
        """Log an error that is new, and return the frame that shows it, unless one does already."""
        key = value.key
        episode = self._episode((store, channel, key))
        episode.count += 1
        now = store.clock.time()
        # By traceback, which handles an error whose own __str__ raises.
        text = "".join(traceback.format_exception_only(error))[:_MAX_TEXT]
        if text != episode.text and now - episode.logged_at >= _LOG_SECONDS:
            episode.text, episode.logged_at = text, now
            logger.error(
                "The live value of %r on %r failed.",
                key,
                channel,
                exc_info=error,
                extra={"event": "value_failed", "channel": channel, "key": key},
            )
        if value.render_state is None:
            return {}
        self._read_state(store, channel, key, episode)
        episode.failed_since = episode.failed_since or now
        if episode.shown == "failed":
            return {}
        episode.shown = "failed"
        return _state_frame(value, "failed", episode.failed_since)

    def _episode(self, id_: Key) -> _Episode:
        with self._lock:
            episode = self._episodes.setdefault(id_, _Episode())
            if len(self._episodes) > MAX_REMEMBERED:
                self._episodes.popitem(last=False)
        return episode

    def _read_state(self, store: BaseStore, channel: str, key: str, episode: _Episode) -> None:
        """Read what other processes have put: another state, or a value, which ends a failure."""
        changes = store.since(channel, episode.read_to)
        is_whole = not (
            episode.read_to and changes.position and changes.position.knows(episode.read_to)
        )
        episode.read_to = changes.position
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

    def put_late(self, store: BaseStore, channel: str, value: ComputedValue, since: float) -> None:
        """Show in a value's box that it is older than it should be."""
        if value.render_state is None:
            return
        episode = self._episode((store, channel, value.key))
        store.put_each(channel, _state_frame(value, "late", since))
        episode.shown = "late"

    def report_hang(self, run: ValueRun, seconds: float) -> None:
        """Log once that the computing of a value does not end.

        Args:
            run: the computing of the value.
            seconds: the time since it began.
        """
        if run.is_reported:
            return
        run.is_reported = True
        self._episode(run.id).is_hung = True
        channel, key = run.round.channel, run.value.key
        logger.error(
            "The live value of %r on %r has been computed for %.0f s and is not ready; until "
            "then its last value is shown.",
            key,
            channel,
            seconds,
            extra={"event": "value_hanging", "channel": channel, "key": key},
        )

    def put_outcome(
        self,
        round_: Round,
        results: Mapping[str, str | Points],
        errors: Mapping[str, BaseException],
    ) -> None:
        """Put results, and states for errors. A frame that the store refuses costs only itself.

        Raises:
            Exception: the store cannot be reached.
        """
        store, channel = round_.store, round_.channel
        values = {value.key: value for value in round_.group.values}

        def begin_all(errors: Mapping[str, BaseException]) -> dict[str, str]:
            frames: dict[str, str] = {}
            for key, error in errors.items():
                frames |= self.begin(store, channel, values[key], error)
            METRICS.failed += len(errors)
            return frames

        frames = {**results, **begin_all(errors)}
        refused = store.put_each(channel, frames) if frames else {}
        refused = {key: error for key, error in refused.items() if key in results}
        if states := begin_all(refused):
            store.put_each(channel, states)
        METRICS.computed += len(results) - len(refused)
        for key in results.keys() - refused.keys():
            self.end(store, channel, key)

    def report_store_error(self, round_: Round, error: Exception) -> None:
        """Report a store that fails. If a hub waits for the round, the hub gets and reports it."""
        if round_.on_over:
            return
        if round_.store.is_unavailable(error):
            round_.store.outage.begin(error)
        elif not self.is_refusal_logged:
            self.is_refusal_logged = True
            logger.error(
                "The store of live state refuses the values that were computed for %r.",
                round_.channel,
                exc_info=error,
                extra={"event": "store_refused", "channel": round_.channel},
            )


def _state_frame(value: ComputedValue, state: ValueState, since: float) -> dict[str, str]:
    if value.render_state is None:
        return {}
    html = f"{value.render_state(state, since)}<!--{state} {since:.0f}-->"
    return {state_event(value.key): html}
