"""Another process that writes to a store: ``python -m dashboards.testing.store_writer``.

Its arguments are ``SETTINGS PUTS KEY…``. ``SETTINGS`` is JSON: the store's entry in ``STORES``,
``DATABASES`` if it needs any, and under ``IMPORT`` a module to import first, such as one that
installs a driver. Each put gives all keys the same value, counting up, and prints its position. If
``PUTS`` is 0, it puts every 20 milliseconds until it is killed.
"""

import itertools
import json
import sys
import time
from importlib import import_module
from typing import Any

import django
from django.conf import settings
from django.utils.module_loading import import_string

from dashboards.testing.stores import CHANNEL


def main(store_settings: dict[str, Any], puts: int, keys: list[str]) -> None:
    """Put values as described above."""
    if "IMPORT" in store_settings:
        import_module(store_settings["IMPORT"])
    settings.configure(DATABASES=store_settings.get("DATABASES", {}), INSTALLED_APPS=["dashboards"])
    django.setup()
    store = import_string(store_settings["BACKEND"])(store_settings["OPTIONS"])
    for n in range(puts) if puts else itertools.count():
        position = store.put(CHANNEL, dict.fromkeys(keys, str(n)))
        print(position, flush=True)
        if not puts:
            time.sleep(0.02)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
