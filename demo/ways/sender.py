"""The third way: renders the content of components and sends it."""

import logging
import threading
import time
from collections import deque

from django.template.loader import render_to_string
from django.utils.html import strip_spaces_between_tags
from django_eventstream import send_event

from dashboards.component import Stat
from demo.machine.sampler import SECONDS, sampler
from demo.ways.dashboards import PERCENT, POINTS

logger = logging.getLogger(__name__)

CHANNEL = "ways"


def send_stat(text: str, sub_text: str) -> None:
    stat = Stat(value={"text": text, "sub_text": sub_text}, key="sse_stat")
    context = {"component": stat, "rendered_value": stat.get_value()}
    html = strip_spaces_between_tags(render_to_string(stat.template, context).strip())
    send_event(CHANNEL, "sse_stat", html, json_encode=False)


def send_chart(points: deque[tuple[float, float]]) -> None:
    line = PERCENT["data"][0]
    x, y = zip(*points, strict=True)
    send_event(CHANNEL, "sse_chart", {**PERCENT, "data": [{**line, "x": x, "y": y}]})


def start() -> None:
    """Send in a thread of this process, where django-eventstream's own listeners are, too."""
    threading.Thread(target=_run, name="sender", daemon=True).start()


def _run() -> None:
    points: deque[tuple[float, float]] = deque(maxlen=POINTS)
    while True:
        try:
            percent = sampler.latest().processor
            points.append((time.time() * 1000, percent))
            send_stat(f"{percent:.0f} %", "sent by a thread of the server")
            send_chart(points)
        except Exception:
            logger.exception("Nothing could be sent.")
        time.sleep(SECONDS)
