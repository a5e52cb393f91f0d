"""Another process that pushes: for each line ``FIRST COUNT RATE`` on standard input.

Says ``ready`` when it is set up, and again whenever it has pushed.
"""

import sys
import time

import django


def main() -> None:
    django.setup()
    from bench.sites.ours import push_number  # noqa: PLC0415 - needs the app registry

    print("ready", flush=True)
    for line in sys.stdin:
        first, count, rate = (int(word) for word in line.split())
        due = time.monotonic()
        for number in range(first, first + count):
            push_number(number)
            due += 1 / rate
            time.sleep(max(0, due - time.monotonic()))
        print("ready", flush=True)


if __name__ == "__main__":
    main()
