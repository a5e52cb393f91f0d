import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand

from dashboards.live import push
from demo.machine.dashboards import Machine

_STAGES = ("reading images", "resizing images", "writing thumbnails")


class Command(BaseCommand):
    help = "Pretend to work for a while, and push how far it is to every open page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--steps", type=int, default=40, help="how many steps (40)")
        parser.add_argument("--seconds", type=float, default=20, help="how long in all (20)")

    def handle(self, *, steps: int, seconds: float, **options: Any) -> None:  # noqa: ARG002
        steps = max(steps, 1)
        started = time.monotonic()
        with _told_when_stopped():
            for step in range(steps):
                stage = _STAGES[step * len(_STAGES) // steps]
                left = seconds * (steps - step) / steps
                # Both in one version: no page shows the one without the other.
                push(
                    Machine,
                    task={
                        "value": step,
                        "max": steps,
                        "text": f"Step {step + 1} of {steps}: {stage}",
                    },
                    task_status={"text": "Running", "sub_text": f"about {left:.0f} s left"},
                )
                time.sleep(max(0, started + seconds * (step + 1) / steps - time.monotonic()))
        took = f"{steps} steps in {time.monotonic() - started:.0f} s"
        push(
            Machine,
            task={"value": steps, "max": steps, "text": "All thumbnails written"},
            task_status={"text": "Done", "sub_text": took},
        )
        self.stdout.write(self.style.SUCCESS(f"Done: {took}."))


@contextmanager
def _told_when_stopped() -> Iterator[None]:
    """Leave no page showing a task as running that is not."""
    try:
        yield
    except BaseException:
        push(Machine, task_status={"text": "Stopped", "sub_text": "before its end"})
        raise
