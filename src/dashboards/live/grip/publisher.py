"""Publish what this process puts to GRIP proxies: one daemon thread for each proxy.

What waits for a proxy is not content but version numbers. So it is bounded, however slow the proxy
is, and what is published in the end is the newest. A publish names the version before it
(``prev-id``): the proxy notices what is missing, late or doubled, and requests the state at the
next link. So nothing depends on a publish; it is only faster (``docs/internals/pushpin.md``).
"""

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.signals import setting_changed
from django.db import close_old_connections, connections

from dashboards import conf
from dashboards.live.access.recent_revocations import RecentRevocations
from dashboards.live.access.revocation_channel import REVOCATIONS
from dashboards.live.grip.messages import Range, merge, read_messages, split_into_requests
from dashboards.live.grip.proxies import (
    INSTALLED,
    SETTINGS,
    Client,
    Message,
    access_channel,
    configured,
    is_configured,
    make_client,
)
from dashboards.live.metrics import METRICS
from dashboards.live.stores import get_store
from dashboards.live.stores.base import BaseStore, stored
from dashboards.live.stores.limits import log_damage
from dashboards.live.wire.positions import Position
from dashboards.live.workers import start
from dashboards.loggers import one_line

logger = logging.getLogger("dashboards.live")

EXIT_SECONDS = 3.0
"""The seconds for which a process that ends waits until its last puts were published."""

_MAX_CHANNELS = 1000
_MAX_RANGES = 16
_MAX_CHANNELS_AT_ONCE = 100
_IDLE_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 5.0


class Publisher:
    """Publishes to one proxy.

    Args:
        client: the client that publishes.
        name: the proxy's name in the log.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._changed = threading.Condition()
        self._pending: dict[str, deque[Range]] = {}
        self._is_failing = False
        self._is_closing = False
        self._thread: threading.Thread | None = None
        # Used by the thread alone.
        self._revocations = RecentRevocations()

    def announce(self, channel: str, position: Position) -> None:
        """Have a version published. Never waits for the proxy."""
        with self._changed:
            if self._is_closing:
                return
            self._add(channel, position)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="dashboards-grip", daemon=True)
                # If it cannot be started, the next version tries again.
                self._thread = thread if start(thread) else None
            self._changed.notify_all()

    def _add(self, channel: str, position: Position) -> None:
        ranges = self._pending.setdefault(channel, deque(maxlen=_MAX_RANGES))
        newest = ranges[-1] if ranges else None
        if newest and (newest.epoch, newest.last + 1) == (position.epoch, position.version):
            newest.last += 1
        else:
            ranges.append(Range(position.epoch, position.version, position.version))
        if len(self._pending) > _MAX_CHANNELS:
            # The streams of the oldest get its updates at their next link.
            del self._pending[next(iter(self._pending))]

    def close(self, seconds: float) -> None:
        """Wait for what is pending, unless the proxy is failing, and end the thread.

        Args:
            seconds: how long to wait at most.
        """
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        try:
            while True:
                batch = self._wait_for_batch()
                if not batch:
                    return
                if self._publish(batch):
                    pause = _FIRST_PAUSE_SECONDS
                    continue
                self._put_back(batch)
                with self._changed:
                    self._changed.wait_for(lambda: self._is_closing, pause)
                    if self._is_closing:
                        return
                pause = min(2 * pause, _MAX_PAUSE_SECONDS)
        finally:
            self._client.close()
            connections.close_all()

    def _wait_for_batch(self) -> dict[str, deque[Range]]:
        """Wait until there is something to publish and return it; ``{}`` at the end."""
        with self._changed:
            if not (self._pending or self._is_closing):
                self._changed.wait(_IDLE_SECONDS)
            if not (self._pending or self._is_closing):
                # An idle thread must not take a database connection from others.
                connections.close_all()
                self._changed.wait_for(lambda: self._pending or self._is_closing)
            names = list(self._pending)[:_MAX_CHANNELS_AT_ONCE]
            return {name: self._pending.pop(name) for name in names}

    def _publish(self, batch: Mapping[str, deque[Range]]) -> bool:
        """Publish and return True; or report whether store or proxy failed, and return False."""
        store = get_store()
        try:
            close_old_connections()
            messages, subjects = self._read(store, batch)
        except Exception as error:  # noqa: BLE001 - a store fails in its own ways
            if store.is_unavailable(error):
                store.outage.begin(error)
            else:
                log_damage(REVOCATIONS, "the channel", one_line(error))
            return False
        store.outage.end()
        try:
            for portion in split_into_requests(messages):
                self._client.publish(portion)
                METRICS.published += len(portion)
        except Exception as error:  # noqa: BLE001 - a client fails in its own ways
            METRICS.publish_failures += 1
            self._report_failure(error)
            return False
        self._revocations.note_published(subjects)
        self._report_recovery()
        return True

    def _put_back(self, batch: Mapping[str, deque[Range]]) -> None:
        """Keep the newest range of each channel for a retry; the proxy requests the others."""
        with self._changed:
            for channel, ranges in batch.items():
                if channel not in self._pending:
                    newest = merge(ranges)[-1]
                    self._pending[channel] = deque([newest], maxlen=_MAX_RANGES)

    def _read(
        self, store: BaseStore, batch: Mapping[str, deque[Range]]
    ) -> tuple[list[Message], list[str]]:
        """Return what to publish, and the subjects whose streams it has the proxy check."""
        updates = [
            message
            for channel, ranges in batch.items()
            if channel != REVOCATIONS
            for message in read_messages(store, channel, ranges)
        ]
        # Read revocations after the frames: a viewer whose access was revoked before a frame was
        # stored must not get it. The proxy does not close these streams but requests them anew,
        # and sends them nothing meanwhile: only the view can tell which were opened since.
        subjects = self._revocations.read(store)
        checks = [Message(access_channel(each), action="hint") for each in subjects]
        return [*checks, *updates], subjects

    def _report_failure(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            logger.error(
                "Updates cannot be published to the GRIP proxy at %s (%s). It is tried again until "
                "it works; meanwhile its streams request updates themselves, at least every %s s.",
                self._name,
                one_line(error),
                conf.get("GRIP_POLL_SECONDS"),
                extra={"event": "proxy_unavailable"},
            )

    def _report_recovery(self) -> None:
        if self._is_failing:
            self._is_failing = False
            logger.warning(
                "Updates are published to the GRIP proxy at %s again.",
                self._name,
                extra={"event": "proxy_recovered"},
            )


_publishers: list[Publisher] | None = None
_lock = threading.Lock()


def connect() -> None:
    """Publish what is put from now on, as long as the settings name a proxy."""
    _connect_receiver()
    setting_changed.connect(_renew, dispatch_uid="dashboards.live.grip")
    atexit.register(_close)
    if hasattr(os, "register_at_fork"):
        # Threads do not survive a fork, and sockets are the parent's.
        os.register_at_fork(after_in_child=_forget)


def _connect_receiver() -> None:
    if is_configured():
        stored.connect(_announce, dispatch_uid="dashboards.live.grip")
    else:
        stored.disconnect(dispatch_uid="dashboards.live.grip")


def _announce(store: BaseStore, channel: str, position: Position, **kwargs: Any) -> None:  # noqa: ARG001
    # Other channels with a colon are topics, which have no streams.
    if (":" in channel and channel != REVOCATIONS) or store is not get_store():
        return
    for publisher in _get_publishers():
        publisher.announce(channel, position)


def _get_publishers() -> list[Publisher]:
    global _publishers  # noqa: PLW0603 - one set a process
    with _lock:
        if _publishers is None:
            _publishers = list(_make_publishers())
        return _publishers


def _make_publishers() -> Iterator[Publisher]:
    if not INSTALLED:
        # A system check reports this, too.
        logger.error(
            "A GRIP proxy is configured, but django-grip is not installed: nothing is published.",
            extra={"event": "proxy_unavailable"},
        )
        return
    for entry in configured():
        if client := make_client(entry):
            yield Publisher(client, entry.get("control_uri") or entry["control_zmq_uri"])


def _close() -> None:
    """Wait until the last puts were published, ``EXIT_SECONDS`` at most for all proxies."""
    end = time.monotonic() + EXIT_SECONDS
    for publisher in _publishers or ():
        publisher.close(max(0, end - time.monotonic()))


def _forget() -> None:
    global _publishers, _lock
    _publishers, _lock = None, threading.Lock()


def _renew(**kwargs: Any) -> None:
    """Make new publishers after a test has changed the settings."""
    if kwargs["setting"] in {*SETTINGS, conf.SETTING}:
        _close()
        _forget()
        _connect_receiver()
