import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.ways.sender import send_stat


class Command(BaseCommand):
    help = "Send a figure to every open page, once, from this process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("text", nargs="?", default="Hello", help="the figure (Hello)")

    def handle(self, *, text: str, **options: Any) -> None:  # noqa: ARG002
        if not hasattr(settings, "GRIP_URL"):
            msg = "Pages are in another process: say where Pushpin is, as in DEMO_GRIP_URL=http://localhost:5561."
            raise CommandError(msg)
        send_stat(text, f"sent by process {os.getpid()}")
