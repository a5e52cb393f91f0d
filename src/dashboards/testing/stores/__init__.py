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
        def where(self): ...        # how another process reaches it: its entry in STORES

Coroutines are run by pytest-asyncio in its mode "auto". Each case tests one sentence of the
promise, which its docstring names: after any fault ends, every open page shows the newest pushed
value of every live component that it may see; versions on one connection never go backwards; nobody
receives a value that they may not load as a page.
"""

from dashboards.testing.stores.contract import SharedStoreContract, StoreContract
from dashboards.testing.stores.helpers import (
    CHANNEL,
    heals,
    let_go,
    listening,
    points,
    receives_from_others,
    shown,
    writing,
)

__all__ = [
    "CHANNEL",
    "SharedStoreContract",
    "StoreContract",
    "heals",
    "let_go",
    "listening",
    "points",
    "receives_from_others",
    "shown",
    "writing",
]
