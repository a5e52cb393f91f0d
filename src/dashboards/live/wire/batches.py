"""Encodes once what subscribers at different positions lack of one state, in a budget of bytes.

Pure: standard library only.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dashboards.live.wire.channel_state import ChannelState
from dashboards.live.wire.frames import Frame, encode_frames
from dashboards.live.wire.restricted import visible_frames

_CHANNEL_BYTES = 4 * 2**20
"""Encoded bytes that are kept for one channel, besides its whole state."""
_PROCESS_BYTES = 64 * 2**20
"""The same for all channels of a process."""


class Batch(NamedTuple):
    """The encoded changes since a position."""

    encoded: bytes
    frames: int
    versions: int
    """The number of versions by which it moves its subscriber; 0 if that is unknown."""


class _Budget:
    """Bytes that a process keeps."""

    def __init__(self) -> None:
        self.used = 0


_BUDGET = _Budget()


class Batches:
    """The batches that lead to the current version of a channel.

    Positions come from clients, so there may be any number, of any age. Two positions that lack the
    same frames share one batch. When the budget is used up, a subscriber gets the whole state, of
    which there is one copy: it contains all that the subscriber lacks.

    Args:
        state: the channel's frames.
        visible_events: the restricted events that its subscribers may get.
    """

    def __init__(self, state: ChannelState, visible_events: frozenset[str] = frozenset()) -> None:
        self._state = state
        self._visible_events = visible_events
        self._by_first: dict[int, tuple[bytes, int]] = {}
        self._used = 0
        self._whole: tuple[bytes, int] | None = None

    def since(self, after: int, position: str) -> tuple[bytes, int]:
        """Return the encoded frames that are newer than a version, and their number.

        Args:
            after: the version; 0 for the whole state.
            position: the position of a subscriber after all of them.
        """
        if not after:
            if self._whole is None:
                self._whole = self._encode(self._get(0), position)
            return self._whole
        frames = self._get(after)
        first = min((frame.version for frame in frames), default=0)
        kept = self._by_first.get(first)
        if kept is not None:
            return kept
        batch = self._encode(frames, position)
        if not self._keeps(len(batch[0])):
            return self.since(0, position)
        self._by_first[first] = batch
        return batch

    def _get(self, after: int) -> Sequence[Frame]:
        return visible_frames(self._state.since(after), self._visible_events)

    @staticmethod
    def _encode(frames: Sequence[Frame], position: str) -> tuple[bytes, int]:
        return encode_frames(frames, position), len(frames)

    def _keeps(self, size: int) -> bool:
        # The first one is for all subscribers that are up to date: always kept.
        is_beyond = self._used + size > _CHANNEL_BYTES or _BUDGET.used + size > _PROCESS_BYTES
        if self._by_first and is_beyond:
            return False
        self._used += size
        _BUDGET.used += size
        return True

    def clear(self) -> None:
        """Delete them: the channel has another version, or has no subscriber any more."""
        _BUDGET.used -= self._used
        self._used = 0
        self._by_first.clear()
        self._whole = None
