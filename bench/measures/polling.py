"""Twenty live stats to fifty viewers, against the polling that people do today."""

import time
from collections.abc import Sequence

from bench.plan import Plan
from bench.poller import poll
from bench.report import Row, Target
from bench.rounds import Rounds
from bench.servers import serving
from bench.subject import subject

_VIEWERS = 50
_STATS = 20
_SECONDS = 2
_POLLING = "polling"


def polling(plan: Plan) -> Sequence[Row]:
    """Count the server's CPU in both, by turns."""
    figures = Rounds()
    with subject("ours") as each, serving(_POLLING) as polled:
        stream = each.server.request("/sites/stats/@stream/")
        each.readers.open(each.server.port, stream, _VIEWERS)
        requests = [polled.request(f"/stats/stat_{n}/") for n in range(_STATS)]
        poll(polled.port, requests, _VIEWERS, _SECONDS, _SECONDS)
        for _ in range(plan.rounds):
            before = each.server.cpu
            time.sleep(plan.polling_seconds)
            used = each.server.cpu - before
            figures.add("cpu", "ours", 60 * used / plan.polling_seconds)
            before = polled.cpu
            got = poll(polled.port, requests, _VIEWERS, _SECONDS, plan.polling_seconds)
            used = polled.cpu - before
            # Of a server that does not keep up, what all would have cost.
            asked_a_minute = _STATS * _VIEWERS * 60 / _SECONDS
            figures.add("cpu", _POLLING, asked_a_minute * used / got.answers)
            figures.add("late", _POLLING, got.late / (got.answers + got.late))
    return [
        figures.row(
            "cpu",
            Target("ratio", 1 / 80),
            to=_POLLING,
            measure=f"server CPU a minute, {_STATS} stats every {_SECONDS} s to {_VIEWERS} viewers",
            unit="s",
            note=f"{figures.worst('late', _POLLING):.0%} of the polls were not answered in time.",
        )
    ]
