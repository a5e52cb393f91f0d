"""Another process that pushes: ``python -m bench.sites.pusher FIRST COUNT RATE``.

Says ``ready`` when it is set up, and pushes once a line comes in.
"""

import sys
import time

import django


def main(first: int, count: int, rate: float) -> None:
    django.setup()
    from bench.sites.ours import push_number  # noqa: PLC0415 - needs the app registry

    print("ready", flush=True)
    sys.stdin.readline()
    due = time.monotonic()
    for number in range(first, first + count):
        push_number(number)
        due += 1 / rate
        time.sleep(max(0, due - time.monotonic()))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
