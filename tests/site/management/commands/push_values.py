"""Pushes what it reads from standard input, a JSON object a line, and says when it did."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from dashboards.live import push
from tests.site import dashboards


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dashboard", nargs="?", default="Live")

    def handle(self, *, dashboard: str, **options: Any) -> None:
        target = getattr(dashboards, dashboard)
        for line in sys.stdin:
            # As between two tasks of a worker: the store may have been restarted meanwhile.
            close_old_connections()
            answer: dict[str, Any] = {"started": time.time()}
            try:
                push(target, **json.loads(line))
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                answer["failed"] = repr(error)
            self.stdout.write(json.dumps({**answer, "ended": time.time()}))
            self.stdout.flush()
