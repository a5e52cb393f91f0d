"""``live/wire/batches.py``: updates for old positions are shared, and bounded in bytes."""

import pytest

from dashboards.live.wire import batches
from dashboards.live.wire.batches import Batches
from dashboards.live.wire.channel_state import ChannelState
from dashboards.live.wire.frames import Frame
from tests.event_stream import Reader


def state_of(*versions: int, size: int = 10) -> ChannelState:
    """A state with one frame of each version."""
    state = ChannelState()
    state.take(Frame(f"c{version}", version, f"{version}:" + "x" * size) for version in versions)
    return state


def test_positions_without_the_same_frames_share_one_batch():
    """Asking from 270 old positions made 256 copies of a state of 1.5 MB: 147 MB became 512."""
    cached = Batches(state_of(300, size=1_500_000))
    assert len({id(cached.since(after, "e.300")[0]) for after in range(1, 300)}) == 1


def test_batch_holds_the_newer_frames_and_the_position_of_the_head():
    cached = Batches(state_of(1, 5, 9))
    encoded, frames = cached.since(4, "e.9")
    reader = Reader().read(encoded)
    assert [data.partition(":")[0] for _, data in reader.events] == ["5", "9"]
    assert reader.last_event_id == "e.9"
    assert frames == 2
    assert cached.since(9, "e.9") == (b"", 0)


def test_batch_beyond_the_budget_is_the_whole_state(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "_CHANNEL_BYTES", 5000)
    cached = Batches(state_of(*range(1, 101), size=100))
    kept = {
        id(encoded): encoded
        for encoded in (cached.since(after, "e.100")[0] for after in range(100))
    }
    whole = cached.since(0, "e.100")[0]
    assert id(whole) in kept
    # The first is kept whatever its size: all subscribers that are up to date wait for it.
    assert sum(map(len, kept.values())) <= 5000 + 2 * len(whole)
    for after in range(100):
        events = Reader().read(cached.since(after, "e.100")[0]).events
        assert {f"c{version}" for version in range(after + 1, 101)} <= {name for name, _ in events}


def test_first_batch_larger_than_the_budget_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "_CHANNEL_BYTES", 5)
    cached = Batches(state_of(1, 2, size=1000))
    assert cached.since(1, "e.2")[1] == 1


def test_budget_of_a_process_is_shared_and_given_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "_PROCESS_BYTES", batches._BUDGET.used + 4500)
    before = batches._BUDGET.used
    one, two = Batches(state_of(1, 2, 3, size=1000)), Batches(state_of(1, 2, 3, size=1000))
    one.since(2, "e.3")
    assert one.since(1, "e.3")[1] == 2
    two.since(2, "e.3")
    assert two.since(1, "e.3")[1] == 3, "the whole"
    one.clear()
    assert two.since(1, "e.3")[1] == 2
    two.clear()
    assert batches._BUDGET.used == before
