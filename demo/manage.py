#!/usr/bin/env python
"""Django's command line for the demo: ``python demo/manage.py …`` from any folder."""

import os
import sys
from pathlib import Path


def main() -> None:
    # Python searches the folder of this file, but the package "demo" is one folder up.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "demo.settings")
    # Reads the settings, so it must be after the line above.
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
