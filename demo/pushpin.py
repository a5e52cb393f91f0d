"""``make demo-pushpin``: the demo, with Pushpin in front of it. Ctrl-C stops both."""

import argparse
import contextlib
import os
import signal
import subprocess
import sys

from deploy.pushpin import Ports, pushpin


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.pushpin", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="the demo's port (8000)")
    parser.add_argument("--proxy-port", type=int, default=Ports.http, help="Pushpin's port (7999)")
    parser.add_argument(
        "--control-port",
        type=int,
        default=Ports.control,
        help="the port for publishing (5561); the ports beside it are used, too",
    )
    arguments = parser.parse_args()
    control = arguments.control_port
    ports = Ports(arguments.proxy_port, control - 1, control, control + 1, control + 2)
    # A terminal's Ctrl-C reaches this process and the demo; a supervisor's signal only this one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(KeyboardInterrupt), pushpin(arguments.port, ports) as proxy:
        environment = {**os.environ, "DEMO_GRIP_URL": proxy.control_url}
        commands = [
            [
                *("uvicorn", "demo.asgi:application"),
                *("--port", str(arguments.port), "--log-level", "warning"),
                *("--timeout-graceful-shutdown", "3"),
            ],
            # The proxy holds the streams, so no other process computes what is due on them.
            ["django", "live", "--settings", "demo.settings", "--skip-checks", "--verbosity", "0"],
        ]
        processes = [
            subprocess.Popen([sys.executable, "-m", *command], env=environment)
            for command in commands
        ]
        try:
            sys.stdout.write(
                f"Three ways, behind Pushpin: {proxy.url}/ways/ways/ (Ctrl-C stops it)\n"
            )
            sys.stdout.flush()
            return processes[0].wait()
        finally:
            for each in processes:
                each.terminate()
            for each in processes:
                each.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
