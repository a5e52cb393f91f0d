"""The content of every pushed value: its number, and the time of its push."""

import re
import time

MARK = re.compile(rb"@(\d+):(\d+)@")


def mark(number: int) -> str:
    """Return a value with the current time, by the clock that all processes share."""
    return f"@{number}:{time.monotonic_ns()}@"
