"""The long storm: ``python -m tests.faults --seconds 600 --readers 200 --store redis --seed 7``."""

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path
from random import Random
from time import monotonic

from tests.faults.checker import PromiseBrokenError
from tests.faults.edges import EDGES
from tests.faults.stores import STORES
from tests.faults.storm import storm

logger = logging.getLogger("tests.faults")

_MOST_AT_ONCE = 3
_MOST_OF_LOG = 20_000


async def main(arguments: argparse.Namespace, folder: Path) -> None:
    # Faults have a random generator of their own, so that a seed repeats them.
    random, others = Random(arguments.seed), Random(arguments.seed)
    started = monotonic()
    async with storm(folder, arguments.store, others, arguments.readers, arguments.edge) as raging:
        try:
            while monotonic() < started + arguments.seconds:
                count = random.randint(1, _MOST_AT_ONCE)
                await raging.strike(random.sample(sorted(raging.faults), count))
        except PromiseBrokenError:
            log = (folder / "server.log").read_text()
            logger.exception("The servers' log ends so:\n%s", log[-_MOST_OF_LOG:])
            raise
        finally:
            if raging.recoveries:
                logger.info("%s", raging.summary())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--store", choices=STORES, default="sqlite")
    parser.add_argument("--edge", choices=EDGES, default="own")
    parser.add_argument("--seed", type=int, default=Random().randrange(10**6))
    arguments = parser.parse_args()
    logger.info("Store %s, edge %s, seed %s", arguments.store, arguments.edge, arguments.seed)
    with tempfile.TemporaryDirectory(prefix="dashboards-faults-") as place:
        asyncio.run(main(arguments, Path(place)))
