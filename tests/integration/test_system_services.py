"""Caches and queues, as far as they can be asked."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from django.core.cache import caches
from django.test import override_settings
from kombu.entity import Queue

from dashboards.component.formats import NOTHING
from dashboards.contrib.system import services

_DUMMY = "django.core.cache.backends.dummy.DummyCache"
_LOCAL = "django.core.cache.backends.locmem.LocMemCache"


@pytest.fixture
def celery() -> Iterator[Celery]:
    """Return the current Celery app: its broker is the memory of this process."""
    app = Celery("shop", broker="memory://")
    app.set_current()
    yield app
    app.close()


@override_settings(CACHES={"default": {"BACKEND": _LOCAL}, "none": {"BACKEND": _DUMMY}})
def test_caches_are_probed_by_a_write_and_a_read():
    rows = [(row[0], row[1], row[3]) for row in services.caches().rows]
    assert rows == [("default", "LocMemCache", "works"), ("none", "DummyCache", "keeps nothing")]


@override_settings(CACHES={"default": {"BACKEND": _LOCAL, "LOCATION": "probed"}})
def test_cache_that_two_processes_probe_works_for_both_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: all processes wrote the same key. One that read what another had just written
    showed that the cache keeps nothing."""
    cache = caches["default"]
    read = cache.get
    rows: list[Any] = []

    def probe_and_read(key: str) -> Any:
        monkeypatch.setattr(cache, "get", read)
        rows.extend(services.caches().rows)
        return read(key)

    monkeypatch.setattr(cache, "get", probe_and_read)
    rows.extend(services.caches().rows)
    assert [row[3] for row in rows] == ["works", "works"]
    # It leaves no key in the cache of the site.
    assert not cache._cache  # type: ignore[attr-defined]


@override_settings(
    CACHES={
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
)
def test_cache_that_cannot_be_reached_is_named_with_its_error():
    [row] = services.caches().rows
    assert row[3] == "ConnectionError"


def test_tasks_that_wait_in_a_celery_queue_are_counted(celery: Celery):
    celery.send_task("shop.deliver")
    assert services.queues().rows == [("Celery celery", 1, 0, NOTHING)]


def test_celery_queue_that_nothing_has_used_leaves_the_others_in_the_list(celery: Celery):
    """Regression: a broker has no queue before a worker or a task uses it, so one such queue hid
    all others behind its error."""
    celery.conf.task_queues = [Queue("unused"), Queue("used")]
    celery.send_task("shop.deliver", queue="used")
    waiting = {name: number for name, number, *_ in services.queues().rows}
    assert waiting == {"Celery unused": NOTHING, "Celery used": 1}


def test_celery_whose_broker_cannot_be_reached_is_named_with_its_error():
    app = Celery("shop", broker="redis://127.0.0.1:1")
    app.set_current()
    [row] = services.queues().rows
    app.close()
    assert row[:2] == ("Celery", "OperationalError")


def test_broker_that_accepts_and_never_answers_is_named_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
):
    """Regression: redis-py waits without limit for an answer. A broker that hung kept a thread for
    computed values for ever."""
    timeouts = {"redis": {"socket_connect_timeout": 1, "socket_timeout": 0.1}}
    monkeypatch.setattr(services, "_BROKER_TIMEOUTS", timeouts)
    with socket.create_server(("127.0.0.1", 0)) as server:
        app = Celery("shop", broker=f"redis://127.0.0.1:{server.getsockname()[1]}")
        app.set_current()
        [row] = services.queues().rows
        app.close()
    assert row[:2] == ("Celery", "OperationalError")
