"""Values about what the site depends on: caches, Celery and Django's tasks."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from secrets import token_hex
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.cache import caches as backends
from django.db.models import Count
from django.utils.translation import gettext

from dashboards.component.formats import NOTHING
from dashboards.contrib.system.small_table import Rows
from dashboards.contrib.system.units import as_milliseconds

_PROBE = "dashboards.system.probe."
_PROBE_SECONDS = 10

_BROKER_TIMEOUTS: Mapping[str, Mapping[str, float]] = {
    "redis": {"socket_connect_timeout": 2, "socket_timeout": 5},
    "amqp": {"read_timeout": 5, "write_timeout": 5},
}
"""Options in seconds by kind of broker. Without them redis-py and py-amqp wait without limit."""

Row = Sequence[Any]


def caches() -> Rows:
    """Return each cache, and the time of a write and a read."""
    rows = [
        (alias, config.get("BACKEND", "").rpartition(".")[2], *_probe(alias))
        for alias, config in settings.CACHES.items()
    ]
    heads = (
        *(gettext("Cache"), gettext("Backend")),
        *(gettext("Write and read"), gettext("State")),
    )
    return Rows(heads, rows, gettext("No cache is configured."))


def _probe(alias: str) -> Row:
    # A key of its own: another process may probe the cache at the same time.
    key, began = f"{_PROBE}{token_hex(8)}", time.perf_counter()
    try:
        backend = backends[alias]
        backend.set(key, alias, _PROBE_SECONDS)
        read = backend.get(key)
        taken = as_milliseconds(time.perf_counter() - began)
        backend.delete(key)
    except Exception as error:  # noqa: BLE001 - each backend raises its own
        return NOTHING, type(error).__name__
    return taken, gettext("works") if read == alias else gettext("keeps nothing")


def queues() -> Rows:
    """Return the queues of Celery and of Django's tasks, as far as they are installed."""
    rows = [row for read in _READERS for row in _read_or_report(read)]
    heads = gettext("Queue"), gettext("Waiting"), gettext("Running"), gettext("Failed")
    empty = gettext("No queue is installed, or nothing was queued yet.")
    return Rows(heads, rows, empty)


def _read_or_report(read: Callable[[], Iterator[Row]]) -> Sequence[Row]:
    try:
        return list(read())
    except Exception as error:  # noqa: BLE001 - each broker raises its own
        name = read.__name__.removeprefix("_read_").capitalize()
        return [(name, type(error).__name__, NOTHING, NOTHING)]


def _read_celery() -> Iterator[Row]:
    """Yield the queues of the current Celery app, by name."""
    if find_spec("celery") is None:
        return
    # Not imported above: most sites have no Celery.
    from celery import current_app  # noqa: PLC0415

    if current_app.conf.broker_url is None and not current_app.conf.broker_read_url:
        return  # No app is configured.
    queues = current_app.amqp.queues
    with current_app.connection_for_read() as connection:
        # A broker that does not answer would keep this thread for ever.
        defaults = _BROKER_TIMEOUTS.get(connection.transport.driver_type, {})
        connection.transport_options = {**defaults, **connection.transport_options}
        connection.ensure_connection(max_retries=1, timeout=2)
        active = current_app.control.inspect(timeout=0.5, connection=connection).active() or {}
        running: dict[str, int] = {}
        for tasks in active.values():
            for task in tasks:
                queue = task.get("delivery_info", {}).get("routing_key", "")
                running[queue] = running.get(queue, 0) + 1
        for name in queues:
            waiting: Any = NOTHING
            # Until a worker or a task has used it, the broker has no such queue. That error closes
            # the channel, so each queue has one.
            with suppress(*connection.channel_errors), connection.channel() as channel:
                waiting = channel.queue_declare(queue=name, passive=True).message_count
            yield f"Celery {name}", waiting, running.get(name, 0), NOTHING


def _read_tasks() -> Iterator[Row]:
    """Yield the queues of Django's tasks in the database (``django-tasks-db``), by name."""
    if not apps.is_installed("django_tasks_db"):
        return
    model: Any = apps.get_app_config("django_tasks_database").get_model("DBTaskResult")
    counts: dict[str, dict[str, int]] = {}
    grouped = model.objects.order_by("queue_name").values("queue_name", "status")
    for each in grouped.annotate(number=Count("pk")):
        counts.setdefault(each["queue_name"], {})[each["status"]] = each["number"]
    for name, by_status in counts.items():
        numbers = [by_status.get(each, 0) for each in ("READY", "RUNNING", "FAILED")]
        yield f"Tasks {name}", *numbers


_READERS = (_read_celery, _read_tasks)
