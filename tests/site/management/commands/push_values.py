"""Pushes JSON objects from standard input, one a line, and prints the time of each push.

``@to`` names another dashboard than the command's, ``@object`` the primary key of what that is
about; ``@run`` is Python to run instead.
"""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections

from dashboards.live import push
from dashboards.registry import registry


def execute(code: str) -> None:
    """Run Python; again where SQLite refuses to let a transaction that has read begin to write."""
    for _ in range(5):
        try:
            return exec(code, {})
        except OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.1)
    return exec(code, {})


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dashboard", nargs="?", default="Live")

    def handle(self, *, dashboard: str, **options: Any) -> None:
        targets = {each.__name__: each for each in registry}
        for line in sys.stdin:
            # As between two tasks of a worker: the store may have been restarted.
            close_old_connections()
            answer: dict[str, Any] = {"started": time.time()}
            try:
                values = json.loads(line)
                target: Any = targets[values.pop("@to", dashboard)]
                if code := values.pop("@run", ""):
                    execute(code)
                elif about := values.pop("@object", None):
                    obj = target.get_model()._default_manager.get(pk=about)
                    push(target(object=obj), **values)
                else:
                    push(target, **values)
            except Exception as error:  # noqa: BLE001 - a store may fail in its own ways
                answer["failed"] = repr(error)
            self.stdout.write(json.dumps({**answer, "ended": time.time()}))
            self.stdout.flush()
