"""Records of the processes of a site: a JSON object for each, on a channel without streams.

Any process can read the records of all. With ``MemoryStore`` a process sees only its own.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Any

from dashboards.live.stores.base import BaseStore

MAX_AGE_SECONDS = 30.0
"""The age of a record whose process is not busy any more, or has ended."""

_FORGET_SECONDS = 3600.0


class _Process:
    """The random key of this process. A fork gets its own."""

    def __init__(self) -> None:
        self._pid = 0
        self._key = ""

    @property
    def key(self) -> str:
        if self._pid != os.getpid():
            self._pid, self._key = os.getpid(), token_hex(8)
        return self._key


_process = _Process()


def put_record(
    store: BaseStore, channel: str, record: Mapping[str, Any], *, is_first: bool = False
) -> None:
    """Store the record of this process in place of its last one.

    Args:
        store: the store of the site.
        channel: the channel of such records. Its name has a colon, as no dashboard's has.
        record: what ``json.dumps`` accepts. The time is added to it as ``at``.
        is_first: True to delete the records of processes that ended long ago. Each process does so
            once, because it adds a record of its own.

    Raises:
        Exception: the store cannot be reached, or refuses the record.
    """
    now = store.clock.time()
    store.put(channel, {_process.key: json.dumps({**record, "at": now})})
    if is_first:
        records = _read(store, channel)
        # The clock of a process may be wrong: a time in the future is as far from now.
        ended = [key for key, each in records.items() if abs(now - each["at"]) > _FORGET_SECONDS]
        if ended:
            store.forget(channel, ended)


def read_records(store: BaseStore, channel: str) -> Sequence[Mapping[str, Any]]:
    """Return the records that are at most ``MAX_AGE_SECONDS`` old, the newest first.

    Their time is that of their host: its clock must be right within ``MAX_AGE_SECONDS``.

    Args:
        store: the store of the site.
        channel: the channel of such records.

    Raises:
        Exception: the store cannot be read.
    """
    now, records = store.clock.time(), _read(store, channel).values()
    # A record from the future would be fresh for as long: the clock of its host is wrong.
    fresh = [each for each in records if abs(now - each["at"]) <= MAX_AGE_SECONDS]
    return sorted(fresh, key=lambda each: float(each["at"]), reverse=True)


def _read(store: BaseStore, channel: str) -> Mapping[str, Mapping[str, Any]]:
    records = {}
    for frame in store.since(channel, None).frames:
        # Another release may store something else.
        with suppress(ValueError):
            record = json.loads(str(frame.data))
            if isinstance(record, dict) and isinstance(record.get("at"), int | float):
                records[frame.key] = record
    return records
