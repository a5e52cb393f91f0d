"""Tests that every store must pass: subclass one of these and add its fixtures.

``StoreContract`` is for any store, ``SharedStoreContract`` for one that processes share::

    class TestMyStore(SharedStoreContract):
        @pytest.fixture
        def store(self): ...        # an instance, empty
        @pytest.fixture
        def wipe(self, store): ...  # a callable that deletes all its data
        @pytest.fixture
        def twin(self): ...         # another instance on the same data
        @pytest.fixture
        def store_settings(self): ...        # its entry in STORES, for other processes

Coroutines are run by pytest-asyncio in its mode "auto". The docstring of each case names the part
of the package's promise that it tests: after any fault ends, every open page shows the newest
pushed value of every live component that its user may see; versions on one connection never go
backwards; nobody receives a value that they may not load as a page.
"""

from dashboards.testing.stores.contract import SharedStoreContract, StoreContract
from dashboards.testing.stores.helpers import (
    CHANNEL,
    assert_damage_repaired,
    call_and_close,
    listening,
    points,
    run_writer,
    values_by_key,
    wait_for_other_process,
)

__all__ = [
    "CHANNEL",
    "SharedStoreContract",
    "StoreContract",
    "assert_damage_repaired",
    "call_and_close",
    "listening",
    "points",
    "run_writer",
    "values_by_key",
    "wait_for_other_process",
]
