"""What every pushed value holds: its number, and when it was pushed."""

import re
import time

MARK = re.compile(rb"@(\d+):(\d+)@")


def mark(number: int) -> str:
    """Return a value that says when it was made, by the clock that all processes share."""
    return f"@{number}:{time.monotonic_ns()}@"
