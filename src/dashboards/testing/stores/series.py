"""Cases of series: points that are appended to a base."""

from concurrent.futures import ThreadPoolExecutor

from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points, page_html
from dashboards.testing.stores.helpers import (
    CHANNEL,
    let_go,
    points,
)


class SeriesCases:
    """Cases of series: points that are appended to a base."""

    def test_concurrent_points_outlive_that_they_are_forgotten(self, store: BaseStore) -> None:
        """An old release pushes while a new one forgets: no point is left without its base."""

        def write() -> None:
            for number in range(100):
                store.put(CHANNEL, {"s": Points("base", [str(number)], 100)})

        with ThreadPoolExecutor(1) as pool:
            writer = pool.submit(let_go, write)
            while not writer.done():
                store.forget(CHANNEL, ["s"])
                series = points(store.since(CHANNEL, None))
                assert not series or series[0] == ("base", 0), series
            writer.result()

    def test_a_series_keeps_its_newest_points(self, store: BaseStore) -> None:
        """The store stays bounded, and a page shows the newest."""
        for number in range(25):
            store.put(CHANNEL, {"s": Points("base", [str(number)], 10), "other": "x"})
        changes = store.since(CHANNEL, None)
        assert points(changes) == [("base", 0), *((str(n), n + 1) for n in range(15, 25))]
        assert page_html(changes.frames)["s"].count("data-dashboards-point") == 10

    def test_a_reader_of_a_series_gets_the_points_it_missed(self, store: BaseStore) -> None:
        """A page that was away gets what it missed or, past the window, the whole window."""
        store.put(CHANNEL, {"s": Points("base", ["0"], 5)})
        position = store.put(CHANNEL, {"s": Points("base", ["1"], 5)})
        store.put(CHANNEL, {"s": Points("base", ["2", "3"], 5)})
        assert points(store.since(CHANNEL, position)) == [("2", 3), ("3", 4)]
        store.put(CHANNEL, {"s": Points("base", [str(n) for n in range(4, 30)], 5)})
        assert points(store.since(CHANNEL, position)) == [(str(n), n + 1) for n in range(25, 30)]

    def test_a_new_base_comes_with_all_points(self, store: BaseStore) -> None:
        """A page shows the newest: what points are appended to is part of the state."""
        store.put(CHANNEL, {"s": Points("base", ["0", "1"], 5)})
        position = store.put(CHANNEL, {"s": Points("base", ["2"], 5), "a": "x"})
        store.put(CHANNEL, {"s": Points("new base", ["3"], 5)})
        everything = [("new base", 0), ("0", 1), ("1", 2), ("2", 3), ("3", 4)]
        assert points(store.since(CHANNEL, position)) == everything
        assert points(store.since(CHANNEL, None)) == everything

    def test_a_window_that_changed_is_kept_from_then_on(self, store: BaseStore) -> None:
        """The store stays bounded by the present limit of the dashboard."""
        store.put(CHANNEL, {"s": Points("base", [str(n) for n in range(8)], 8)})
        store.put(CHANNEL, {"s": Points("base", ["8"], 3)})
        assert [data for data, _ in points(store.since(CHANNEL, None))] == ["base", "6", "7", "8"]
        store.put(CHANNEL, {"s": Points("base", ["9"], 8)})
        assert [data for data, _ in points(store.since(CHANNEL, None))][-1] == "9"
        assert len(points(store.since(CHANNEL, None))) == 5

    def test_a_series_that_becomes_a_whole_state_and_back(self, store: BaseStore) -> None:
        """A page shows the newest: nothing is left of what a component was before."""
        store.put(CHANNEL, {"s": Points("base", ["0", "1"], 5)})
        store.put(CHANNEL, {"s": "whole"})
        assert points(store.since(CHANNEL, None)) == [("whole", 0)]
        store.put(CHANNEL, {"s": Points("whole", ["2"], 5)})
        assert [data for data, _ in points(store.since(CHANNEL, None))] == ["whole", "2"]

    def test_concurrent_points_are_all_kept_in_order(self, store: BaseStore) -> None:
        """A page shows every point once, whichever process pushed it."""

        def write(writer: int) -> None:
            for number in range(10):
                store.put(CHANNEL, {"s": Points("base", [f"{writer}.{number}"], 100)})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda writer: let_go(write, writer), range(4)))
        (base, *rest) = points(store.since(CHANNEL, None))
        assert base == ("base", 0)
        assert [number for _, number in rest] == list(range(1, 41))
        for writer in range(4):
            its = [data for data, _ in rest if data.startswith(f"{writer}.")]
            assert its == [f"{writer}.{number}" for number in range(10)]
