"""Cases of values: which text, numbers and sizes a store accepts."""

import pytest

from dashboards.exceptions import ValueTooLargeError
from dashboards.live.stores.base import BaseStore, Changes
from dashboards.live.wire.frames import Points
from dashboards.testing.stores.helpers import (
    CHANNEL,
    points,
    values_by_key,
)


class ValueCases:
    """Cases of values: which text, numbers and sizes a store accepts."""

    def test_names_of_255_characters_accepted(self, store: BaseStore) -> None:
        """A key and a channel have names of up to 255 characters of any kind."""
        name = "😀" * 255
        head = store.put(name, {name: "1"})
        assert values_by_key(store.since(name, None)) == {name: "1"}
        assert store.heads([name]) == {name: head}

    @pytest.mark.parametrize("data", ["", "\n", "a\r\nb\rc\n", "ünïcødé ☃ 😀", "x" * 300_000])
    def test_text_stored_unchanged(self, store: BaseStore, data: str) -> None:
        """A page shows the value that was pushed, to the letter."""
        store.put(CHANNEL, {"a": data})
        assert values_by_key(store.since(CHANNEL, None)) == {"a": data}

    @pytest.mark.parametrize("bad", ["\udc80", "\0"])
    def test_surrogates_and_nul_stored_as_replacement_character(
        self, store: BaseStore, caplog: pytest.LogCaptureFixture, bad: str
    ) -> None:
        """Regression: a file name with a lone surrogate stopped its whole dashboard."""
        caplog.set_level("WARNING", "dashboards.live")
        key = f"key{bad}"
        for _ in range(2):
            store.put(CHANNEL, {key: f"file {bad} é", "s": Points(f"b{bad}", [f'"{bad}"'], 3)})
        assert values_by_key(store.since(CHANNEL, None))["key\ufffd"] == "file \ufffd é"
        assert points(store.since(CHANNEL, None)) == [
            ("b\ufffd", 0),
            ('"\ufffd"', 1),
            ('"\ufffd"', 2),
        ]
        replaced = [each.getMessage() for each in caplog.records]
        assert len(replaced) == len(set(replaced)), "logged once for each key"

    def test_numbers_and_names_out_of_range_refused(self, store: BaseStore) -> None:
        """A test with MemoryStore is valid for a database: both refuse the same values."""
        for keep in (0, -1, 2**31):
            with pytest.raises(
                ValueError, match=f"keeps {keep} points; it must be a number from 1"
            ):
                store.put(CHANNEL, {"s": Points("base", ["1"], keep)})
        with pytest.raises(ValueError, match="has 256 characters; at most 255 fit"):
            store.put(CHANNEL, {"x" * 256: "1"})
        for name in ("x" * 256, "a\0", "a\udc80"):
            with pytest.raises(ValueError, match="A channel's name has at most 255 characters"):
                store.put(name, {"a": "1"})
        with pytest.raises(
            TypeError, match=r"A frame is text or Points; 'a' on 'shop\.orders' got 5"
        ):
            store.put(CHANNEL, {"a": 5})  # type: ignore[dict-item]
        assert store.since(CHANNEL, None) == Changes(None, ())

    def test_frame_too_large_refused_with_limit_and_setting(self, store: BaseStore) -> None:
        """Regression: a pushed string of 50 MB was stored, and sent to every viewer of the page."""
        for data in ("x" * 2_000_001, "é" * 1_000_001, Points("x" * 2_000_001, [], 5)):
            with pytest.raises(
                ValueTooLargeError,
                match=(
                    r"'a' on 'shop\.orders': the value has 2,000,00. bytes, and at most 2,000,000 "
                    r"are stored and sent to pages\. .* raise DASHBOARDS\['MAX_FRAME_BYTES'\]\."
                ),
            ):
                store.put(CHANNEL, {"a": data})
        # Points share the limit.
        with pytest.raises(
            ValueTooLargeError, match=r"'s' on .*: a point has .* at most 20,000 are"
        ):
            store.put(CHANNEL, {"s": Points("base", ["1" * 20_001], 100)})
        assert store.since(CHANNEL, None) == Changes(None, ())

    def test_large_frames_put_together_have_one_version(self, store: BaseStore) -> None:
        """A page shows values together that were pushed together, however large they are."""
        frames = {f"key{number}": '"' * 1_900_000 for number in range(12)}
        position = store.put(CHANNEL, frames)
        assert values_by_key(store.since(CHANNEL, None)) == frames
        assert {frame.version for frame in store.since(CHANNEL, None).frames} == {position.version}

    def test_put_each_stores_values_beside_refused_one(self, store: BaseStore) -> None:
        """Regression: one value that a store refused stopped all values of its dashboard."""
        refused = store.put_each(CHANNEL, {"a": "1", "bad": "x" * 2_000_001, "b": "2"})
        assert values_by_key(store.since(CHANNEL, None)) == {"a": "1", "b": "2"}
        frames = store.since(CHANNEL, None).frames
        assert len({frame.version for frame in frames}) == 1, "together, without the refused one"
        [(key, error)] = refused.items()
        assert (key, type(error)) == ("bad", ValueTooLargeError)
        assert not store.is_unavailable(error)
        assert store.put_each(CHANNEL, {"a": "3", "b": "4"}) == {}
        frames = store.since(CHANNEL, None).frames
        assert len({frame.version for frame in frames}) == 1, "together where nothing is refused"
