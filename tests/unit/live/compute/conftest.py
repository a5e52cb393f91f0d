"""The fixtures of the tests of live values."""

from typing import Any

import pytest

from dashboards.live.stores.memory import MemoryStore
from dashboards.testing.clock import FakeClock


class PickyStore(MemoryStore):
    """Memory that refuses frames with the word "refused"."""

    def _put(self, channel: str, frames: Any) -> Any:
        if any("refused" in str(data) for data in frames.values()):
            msg = "value too long"
            raise ValueError(msg)
        return super()._put(channel, frames)

    def is_unavailable(self, error: Exception) -> bool:
        return False


@pytest.fixture
def store(clock: FakeClock) -> PickyStore:
    return PickyStore({}, clock=clock)
