"""Pushes what it reads from standard input, a JSON object a line, and says when it did."""

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand

from dashboards.live import push
from tests.site.dashboards import Live


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: Any) -> None:
        for line in sys.stdin:
            started = time.time()
            push(Live, **json.loads(line))
            self.stdout.write(json.dumps({"started": started, "ended": time.time()}))
            self.stdout.flush()
