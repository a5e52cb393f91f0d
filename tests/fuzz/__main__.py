"""``python -m tests.fuzz``: start the test site, send it requests, print those that failed."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz import SECONDS, fuzz
from tests.harness import Site


def main() -> int:
    """Return 1 if an answer was bad, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=13_000, help="how many (13,000)")
    parser.add_argument("--seed", type=int, default=1, help="repeats a run (1)")
    parser.add_argument("--server", default="uvicorn", help="a server of tests.harness (uvicorn)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), arguments.server)
        site.start()
        try:
            began = time.monotonic()
            bad = fuzz(site.port, arguments.seed, arguments.requests)
            for each in bad:
                sys.stdout.write(f"{each.status} {each.seconds:.1f} s: {each.sent[:3000]!r}\n")
            status, _, _ = site.get("/site/quiet/")
            seconds = time.monotonic() - began
            sys.stdout.write(
                f"{arguments.requests} requests in {seconds:.0f} s (seed {arguments.seed}): "
                f"{len(bad)} with a status of 500 or above, or more than {SECONDS} s. "
                f"A healthy page afterwards: {status}.\n"
            )
            if bad:
                sys.stdout.write(site.log[-20_000:])
            return 1 if bad or status != 200 else 0
        finally:
            site.stop()


if __name__ == "__main__":
    sys.exit(main())
