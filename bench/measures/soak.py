"""Memory after a simulated hour: many pushes, and readers that connect and disconnect."""

import time
from collections.abc import Sequence

from bench.plan import Plan
from bench.report import Row, Target
from bench.servers import MEMORY
from bench.subject import subject

_PARTS = 10
_READERS = 50
_MAX_GROWTH_MIB = 2


def soak(plan: Plan) -> Sequence[Row]:
    """Push and connect in ten parts; the first is the warm-up."""
    sizes, blocks = [], []
    with subject("ours", store=MEMORY) as each:
        each.open(_READERS)
        for _ in range(_PARTS):
            got = each.push(plan.soak_pushes // _PARTS, 0)
            assert not got.stale, "A reader did not end on the newest value."
            for _ in range(plan.soak_connects // _PARTS // _READERS):
                each.open(_READERS)
                # Those that were opened first.
                each.readers.close(_READERS)
            time.sleep(0.5)
            sizes.append(each.server.rss / 2**20)
            blocks.append(each.server.blocks)
    about = f"{plan.soak_pushes:,} pushes, {plan.soak_connects:,} connects and disconnects"
    less = " Scaled down: the full run has 1,000,000 and 20,000." if plan.quick else ""
    return [
        Row(
            measure=f"memory growth after the first tenth of {about}",
            unit="MiB",
            ours=sizes[-1] - sizes[0],
            target=Target("ours", _MAX_GROWTH_MIB),
            note=f"{sizes[0]:.1f} MiB, then {sizes[-1]:.1f} MiB, {_READERS} readers; "
            f"{blocks[0]:,} blocks of Python's, then {blocks[-1]:,}.{less}",
            rounds={"ours": sizes},
        )
    ]
