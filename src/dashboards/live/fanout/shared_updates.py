"""The updates of a channel for the subscribers that may get the same restricted events."""

from dashboards.live.clock import Clock
from dashboards.live.metrics import METRICS
from dashboards.live.wire.batches import Batch, Batches
from dashboards.live.wire.channel_state import ChannelState
from dashboards.live.wire.positions import Position

_MAX_POSITIONS = 256
_NO_UPDATE = Batch(b"", 0, 0)
_NOT_ASKED: tuple[object, Batch] = (object(), _NO_UPDATE)


class SharedUpdates:
    """The updates of one channel, encoded once for all subscribers at the same position.

    Args:
        state: the channel's frames.
        visible_events: the restricted events that these subscribers may get.
        clock: the clock of the store.
    """

    __slots__ = (
        *("_batches", "_by_position", "_latest", "_previous", "_put_at"),
        *("clock", "position"),
    )

    def __init__(self, state: ChannelState, visible_events: frozenset[str], clock: Clock) -> None:
        self.clock = clock
        self._batches = Batches(state, visible_events)
        self._by_position: dict[Position | None, Batch] = {}
        # The position of the last call of ``since``, the object itself, and its result.
        self._latest = _NOT_ASKED
        self._previous: Position | None = None
        self._put_at = 0.0
        self.position: Position | None = None

    def move_to(self, position: Position | None, previous: Position | None, put_at: float) -> None:
        """Take over the channel's newest position.

        Args:
            position: the channel's position.
            previous: its position before.
            put_at: the time at which the newest frame was stored.
        """
        self.clear()
        self.position, self._previous, self._put_at = position, previous, put_at

    def since(self, position: Position | None) -> Batch:
        """Return what changed since ``position``, encoded once for all subscribers there."""
        head = self.position
        # Subscribers that are up to date share the channel's own position object. To compare and
        # to hash positions costs more than all else here, a thousand times for each update.
        if position is head:
            return _NO_UPDATE
        if position is self._latest[0]:
            return self._latest[1]
        if head is None or head == position:
            return _NO_UPDATE
        batch = self._by_position.get(position)
        if batch is None:
            # A subscriber ahead of the hub already has what the hub will read next.
            known = position is not None and position.epoch == head.epoch
            after = position.version if position and known else 0
            encoded, frames = self._batches.since(after, str(head))
            batch = Batch(encoded, frames, head.version - after if known else 0)
            # Positions come from clients, so the number of batches kept by position is bounded.
            if len(self._by_position) < _MAX_POSITIONS:
                self._by_position[position] = batch
        self._latest = (position, batch)
        return batch

    def count(self, batch: Batch, before: Position | None, times: int = 1) -> None:
        """Count what was written to subscribers that were at ``before``, up to now."""
        # Measured only for subscribers that were up to date: the others were late by themselves.
        lag = self.clock.time() - self._put_at if before is self._previous else None
        METRICS.count_write(len(batch.encoded), batch.frames, batch.versions, lag, times)

    def clear(self) -> None:
        """Drop all encoded batches: the channel has another version, or no subscribers."""
        self._batches.clear()
        self._by_position.clear()
        self._latest = _NOT_ASKED
