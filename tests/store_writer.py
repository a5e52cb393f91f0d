"""Another process that writes to a store: ``python -m tests.store_writer WHERE PUTS KEY...``.

``WHERE`` is JSON: the store's entry in ``STORES``, and ``DATABASES`` where it needs any. Each put
gives all the keys one value, counting up; its position is printed. No puts means now and then for
ever.
"""

import itertools
import json
import sys
import time
from typing import Any

import django
from django.conf import settings
from django.utils.module_loading import import_string

from tests.store_contract import CHANNEL


def main(where: dict[str, Any], puts: int, keys: list[str]) -> None:
    databases = where.get("DATABASES", {})
    if any("mysql" in database.get("ENGINE", "") for database in databases.values()):
        import tests.mariadb  # noqa: F401, PLC0415 - brings the driver
    settings.configure(DATABASES=databases, INSTALLED_APPS=["dashboards"])
    django.setup()
    store = import_string(where["BACKEND"])(where["OPTIONS"])
    for n in range(puts) if puts else itertools.count():
        position = store.put(CHANNEL, dict.fromkeys(keys, str(n)))
        print(position, flush=True)  # noqa: T201 - read by the test
        if not puts:
            time.sleep(0.02)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
