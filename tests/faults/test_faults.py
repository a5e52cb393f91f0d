"""Random faults for some seconds; ``make faults`` runs them for ten minutes."""

import asyncio
from pathlib import Path
from random import Random

import pytest

from tests.faults.storm import storm

READERS = 50

# Every run has all of these at once, at moments that the run's seed decides.
FAULTS = {
    "sqlite": ["database locked"],
    "postgres": ["PostgreSQL crashes", "network to PostgreSQL stalls and is cut"],
    "redis": ["Redis killed and restarted", "network to Redis stalls", "store emptied"],
    "sqlite behind pushpin": ["database locked", "proxy 0 killed", "proxy 1 killed"],
}
FAULTS_OF_ALL_STORES = [
    "server 0 killed",
    "server 1 stopped",
    "network to server 0 stalls",
    "network to server 1 cut",
    "server 1 frozen",
    "pusher 0 killed",
    "pusher 1 pushes too much",
]


# Some ten seconds; on a busy machine it may take the time limit of a recovery.
@pytest.mark.timeout(180)
@pytest.mark.parametrize("store", FAULTS)
def test_every_page_shows_newest_value_after_faults(
    tmp_path: Path, store: str, request: pytest.FixtureRequest
):
    random = Random(request.config.getoption("randomly_seed"))
    faults = FAULTS[store] + FAULTS_OF_ALL_STORES
    store, _, edge = store.partition(" behind ")

    async def rage() -> None:
        async with storm(tmp_path, store, random, READERS, edge or "own") as raging:
            await raging.strike(faults)

    asyncio.run(rage())
