"""``push`` of values that cannot be stored."""

from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from dashboards.component.live import PushedValue
from dashboards.exceptions import (
    ValueTooLargeError,
)
from dashboards.live import push
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.wire.positions import Position
from tests.unit.live.publish.support import MEMORY, Board, head, stored


def test_pushed_text_with_a_lone_surrogate_is_shown_with_a_replacement():
    """A file's name with a lone surrogate, pushed as it is, stopped the whole dashboard: its page
    was a 500. It is shown with U+FFFD."""
    push(Board, note="file \udcff.txt", number=1)

    assert "file \ufffd.txt" in stored()["note"]
    assert "1" in stored()["number"]


@pytest.mark.usefixtures("_commits")
@pytest.mark.parametrize(
    "value", ["x" * 50_000_000, b"x" * 50_000_000, {"text": "x" * 50_000_000}], ids=type
)
def test_push_of_a_too_large_value_is_refused_before_it_is_rendered(
    value: Any, monkeypatch: pytest.MonkeyPatch
):
    """A string of 50 MB was rendered, stored, and sent to every open page."""
    monkeypatch.setattr(PushedValue, "render", None)
    with transaction.atomic(), pytest.raises(ValueTooLargeError) as refused:
        push(Board, "number", value)

    assert str(refused.value) == (
        "Board.number: the value has 50,000,000 bytes, and at most 2,000,000 are stored and sent "
        "to pages. Show less of it, or raise DASHBOARDS['MAX_FRAME_BYTES']."
    )
    assert head() == 0


def test_push_of_a_too_large_figure_is_refused(settings: Settings):
    """Its text is as large as it is; the error names the component."""
    pytest.importorskip("plotly")
    settings.DASHBOARDS = {**MEMORY, "MAX_FRAME_BYTES": 10_000}
    figure = {"data": [{"y": list(range(5_000))}], "layout": {}}
    with pytest.raises(ValueTooLargeError, match=r"Board\.chart: the value has .* at most 10,000 "):
        push(Board, "chart", figure)

    assert head() == 0
    settings.DASHBOARDS = {**MEMORY, "MAX_FRAME_BYTES": 100_000}
    push(Board, "chart", figure)
    assert head() == 1


class Refusing(MemoryStore):
    """Memory that refuses one value, as a database may for a reason of its own."""

    def _put(self, channel: str, frames: Any) -> Position:
        if any("bad" in str(data) for data in frames.values()):
            raise ValueError("refused")  # noqa: EM101
        return super()._put(channel, frames)


@pytest.fixture
def _refusing(settings: Settings) -> None:
    settings.DASHBOARDS = {"STORES": {"default": {"BACKEND": f"{__name__}.Refusing"}}}


@pytest.mark.usefixtures("_refusing")
def test_push_of_a_value_refused_by_the_store_stores_the_others():
    """All values of a push went into one put: if one was refused, none was stored."""
    with pytest.raises(ValueError, match="refused") as refused:
        push(Board, note="bad", number="good", value="bad too")

    assert "good" in stored()["number"]
    assert set(stored()) == {"number"}
    assert refused.value.__notes__ == ["Also failed: 'value': ValueError('refused')"]


@pytest.mark.usefixtures("_refusing", "_commits")
def test_push_refused_after_the_commit_leaves_other_callbacks(caplog: pytest.LogCaptureFixture):
    """A push to a failing store raised out of the commit, and the other callbacks of that commit
    were not called."""
    done = []
    with transaction.atomic():
        push(Board, note="bad", number="good")
        transaction.on_commit(lambda: done.append(True))

    assert done
    assert "good" in stored()["number"]
    assert ["Error calling push" in each for each in caplog.messages] == [True]
