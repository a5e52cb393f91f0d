import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboards.live import push
from demo.machine.dashboards import STAGES, Machine


class Command(BaseCommand):
    help = "Pretend to work for a while, and push how far it is to every open page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--steps", type=int, default=40, help="how many steps (40)")
        parser.add_argument("--seconds", type=float, default=20, help="how long in all (20)")

    def handle(self, *, steps: int, seconds: float, **options: Any) -> None:  # noqa: ARG002
        steps = max(steps, 1)
        began, started = time.monotonic(), timezone.now()
        # The remaining time is estimated from the start.
        task: dict[str, Any] = {"max": steps, "started": started}
        try:
            for number in range(steps):
                task |= {
                    "value": number,
                    "step": number * len(STAGES) // steps,
                    "text": f"Image {number + 1} of {steps}",
                }
                push(Machine, task=task)
                time.sleep(max(0, began + seconds * (number + 1) / steps - time.monotonic()))
        except BaseException:
            # No page may show an ended task as running.
            push(Machine, task=task | {"state": "failed", "finished": timezone.now()})
            raise
        text = "All thumbnails written"
        push(Machine, task=task | {"value": steps, "text": text, "finished": timezone.now()})
        took = time.monotonic() - began
        self.stdout.write(self.style.SUCCESS(f"Done: {steps} steps in {took:.0f} s."))
