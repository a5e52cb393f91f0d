"""Twenty live stats to fifty viewers, compared with polling."""

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
    """Measure the server's CPU in both cases, in turns."""
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
            answers = poll(polled.port, requests, _VIEWERS, _SECONDS, plan.polling_seconds)
            used = polled.cpu - before
            # Not corrected, though a server that does not keep up has answered fewer requests.
            figures.add("cpu", _POLLING, 60 * used / plan.polling_seconds)
            figures.add("each", _POLLING, 1000 * used / answers)
            figures.add("answered", _POLLING, answers / plan.polling_seconds)
    asked = _STATS * _VIEWERS / _SECONDS
    answered, each_ms = (figures.median(figure, _POLLING) for figure in ("answered", "each"))
    return [
        figures.row(
            "cpu",
            Target("ratio", 1 / 80),
            to=_POLLING,
            measure=f"server CPU a minute, {_STATS} stats every {_SECONDS} s to {_VIEWERS} viewers",
            unit="s",
            note=f"Of {asked:.0f} polls/s {answered:.0f} were answered, {each_ms:.3g} ms each.",
        )
    ]
