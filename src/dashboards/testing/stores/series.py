"""Cases of series: points that are appended to a base."""

from concurrent.futures import ThreadPoolExecutor

from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points, page_html
from dashboards.testing.stores.helpers import (
    CHANNEL,
    call_and_close,
    points,
)


class SeriesCases:
    """Cases of series: points that are appended to a base."""

    def test_points_put_while_forgotten_keep_their_base(self, store: BaseStore) -> None:
        """No point is stored without its base, where one process puts and another forgets."""

        def write() -> None:
            for number in range(100):
                store.put(CHANNEL, {"s": Points("base", [str(number)], 100)})

        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(call_and_close, write)
            while not writer.done():
                store.forget(CHANNEL, ["s"])
                series = points(store.since(CHANNEL, None))
                assert not series or series[0] == ("base", 0), series
            writer.result()

    def test_series_keeps_newest_points(self, store: BaseStore) -> None:
        """The store stays bounded, and a page shows the newest points."""
        for number in range(25):
            store.put(CHANNEL, {"s": Points("base", [str(number)], 10), "other": "x"})
        changes = store.since(CHANNEL, None)
        assert points(changes) == [("base", 0), *((str(n), n + 1) for n in range(15, 25))]
        assert page_html(changes.frames)["s"].count("data-dashboards-point") == 10

    def test_reconnect_gets_missed_points_only(self, store: BaseStore) -> None:
        """A page that was away gets the points that it missed, as far as they are kept."""
        store.put(CHANNEL, {"s": Points("base", ["0"], 5)})
        position = store.put(CHANNEL, {"s": Points("base", ["1"], 5)})
        store.put(CHANNEL, {"s": Points("base", ["2", "3"], 5)})
        assert points(store.since(CHANNEL, position)) == [("2", 3), ("3", 4)]
        store.put(CHANNEL, {"s": Points("base", [str(n) for n in range(4, 30)], 5)})
        assert points(store.since(CHANNEL, position)) == [(str(n), n + 1) for n in range(25, 30)]

    def test_new_base_sent_with_all_points(self, store: BaseStore) -> None:
        """A page shows the newest value, of which the base of a series is a part."""
        store.put(CHANNEL, {"s": Points("base", ["0", "1"], 5)})
        position = store.put(CHANNEL, {"s": Points("base", ["2"], 5), "a": "x"})
        store.put(CHANNEL, {"s": Points("new base", ["3"], 5)})
        everything = [("new base", 0), ("0", 1), ("1", 2), ("2", 3), ("3", 4)]
        assert points(store.since(CHANNEL, position)) == everything
        assert points(store.since(CHANNEL, None)) == everything

    def test_number_of_kept_points_follows_latest_put(self, store: BaseStore) -> None:
        """The store stays bounded by the present limit of the dashboard."""
        store.put(CHANNEL, {"s": Points("base", [str(n) for n in range(8)], 8)})
        store.put(CHANNEL, {"s": Points("base", ["8"], 3)})
        assert [data for data, _ in points(store.since(CHANNEL, None))] == ["base", "6", "7", "8"]
        store.put(CHANNEL, {"s": Points("base", ["9"], 8)})
        assert [data for data, _ in points(store.since(CHANNEL, None))][-1] == "9"
        assert len(points(store.since(CHANNEL, None))) == 5

    def test_series_replaced_by_value_and_back_keeps_no_old_points(self, store: BaseStore) -> None:
        """A page shows the newest value: no point of the earlier series is left."""
        store.put(CHANNEL, {"s": Points("base", ["0", "1"], 5)})
        store.put(CHANNEL, {"s": "whole"})
        assert points(store.since(CHANNEL, None)) == [("whole", 0)]
        store.put(CHANNEL, {"s": Points("whole", ["2"], 5)})
        assert [data for data, _ in points(store.since(CHANNEL, None))] == ["whole", "2"]

    def test_concurrent_points_kept_in_order(self, store: BaseStore) -> None:
        """A page shows every point once, whichever process pushed it."""

        def write(writer: int) -> None:
            for number in range(10):
                store.put(CHANNEL, {"s": Points("base", [f"{writer}.{number}"], 100)})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda writer: call_and_close(write, writer), range(4)))
        (base, *rest) = points(store.since(CHANNEL, None))
        assert base == ("base", 0)
        assert [number for _, number in rest] == list(range(1, 41))
        for writer in range(4):
            own = [data for data, _ in rest if data.startswith(f"{writer}.")]
            assert own == [f"{writer}.{number}" for number in range(10)]
