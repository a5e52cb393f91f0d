"""The long storm: ``python -m tests.faults --seconds 600 --readers 200 --store redis --seed 7``."""

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path
from random import Random
from time import monotonic

from tests.faults.stores import STORES
from tests.faults.storm import storm

logger = logging.getLogger("tests.faults")

_MOST_AT_ONCE = 3


async def main(arguments: argparse.Namespace, folder: Path) -> None:
    random = Random(arguments.seed)
    started = monotonic()
    async with storm(folder, arguments.store, random, arguments.readers) as raging:
        try:
            while monotonic() < started + arguments.seconds:
                count = random.randint(1, _MOST_AT_ONCE)
                await raging.strike(random.sample(sorted(raging.faults), count))
        finally:
            if raging.recoveries:
                logger.info("%s", raging.summary())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--store", choices=STORES, default="sqlite")
    parser.add_argument("--seed", type=int, default=Random().randrange(10**6))
    arguments = parser.parse_args()
    logger.info("Store %s, seed %s", arguments.store, arguments.seed)
    with tempfile.TemporaryDirectory(prefix="dashboards-faults-") as place:
        asyncio.run(main(arguments, Path(place)))
