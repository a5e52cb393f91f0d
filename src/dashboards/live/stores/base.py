"""The base class of every store, with what it must do."""

import asyncio
import logging
import random
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from django.core.checks import CheckMessage
from django.dispatch import Signal

from dashboards import conf
from dashboards.exceptions import StoreUnavailableError
from dashboards.live.clock import SYSTEM_CLOCK, Clock
from dashboards.live.stores.limits import fit, fit_each
from dashboards.live.stores.notifications import Listener
from dashboards.live.stores.outage import Outage
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import Position
from dashboards.live.workers import is_cancelled

R = TypeVar("R")

logger = logging.getLogger("dashboards.live")

stored = Signal()
"""Sent in the process of a put once all processes can read it, with ``store``, ``channel`` and
``position``. A receiver must not block: the put waits for it."""

_MAX_PAUSE_SECONDS = 5.0


class Changes(NamedTuple):
    """The changes since a position: the newest frame of each changed key, oldest first."""

    position: Position | None
    """The position of a subscriber after these frames; ``None`` if the channel does not exist."""
    frames: Sequence[Frame]
    put_at: float = 0
    """The time of the last put: seconds since 1970, by the clock of the store or of the process."""


class BaseStore(ABC):
    """Keeps the newest frame of every live component, under one version for each channel.

    Each process makes one instance, which is used by many threads. The hub calls the methods
    ``a…`` inside its event loop; they must not block it.

    Args:
        options: ``OPTIONS`` of the store's entry in ``DASHBOARDS["STORES"]``.
        clock: the time by which its streams and live values run; a test may set another one.
    """

    poll_seconds: float
    """The seconds between two reads of the heads by a hub: the delay after a lost notification."""

    def __init__(self, options: Mapping[str, Any], *, clock: Clock = SYSTEM_CLOCK) -> None:
        self.options = options
        self.clock = clock
        # Read once: a change of the setting, which only tests make, makes new stores.
        self.max_frame_bytes: int = conf.get("MAX_FRAME_BYTES")
        self.outage = Outage()
        self._listeners: dict[object, Listener] = {}
        self._sender_tag = secrets.token_hex(4)

    def put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store rendered frames by key, all under one new version of the channel.

        Text that some store could not keep is replaced or refused here (``stores.limits.fit``), so
        that all stores accept the same. Backends implement ``_put``. Once all processes can read
        the frames, this process is notified, and the signal ``stored`` is sent.

        Of the points of a series the newest are kept. ``frames`` may be empty: that makes a new
        version too, which shows that something has changed.

        Args:
            channel: the channel's name.
            frames: HTML, or points of a series, by key.

        Raises:
            TypeError: a frame is neither text nor ``Points``.
            ValueError: a name is too long, or a number beyond a column.
            ValueTooLargeError: a frame is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``.
            Exception: the store cannot be reached (``is_unavailable``) or refuses a frame.
        """
        position = self._put(channel, fit(channel, frames, self.max_frame_bytes))
        self._when_visible(partial(self._tell, channel, position))
        return position

    @abstractmethod
    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store frames that ``put`` has checked, and notify other processes.

        Versions of a channel must become visible in order: no version may appear after a reader
        has read a later one.
        """

    def put_each(self, channel: str, frames: Mapping[str, str | Points]) -> dict[str, Exception]:
        """Put frames. If one is refused, the others are put all the same.

        All that every store can keep are put under one version. If the backend refuses that, each
        is put alone.

        Returns:
            The error, by key, of each frame that the store refuses.

        Raises:
            Exception: the store cannot be reached (``is_unavailable``), so each may be put or not.
        """
        fitted, refused = fit_each(channel, frames, self.max_frame_bytes)
        if not fitted:
            return refused
        try:
            position = self._put(channel, fitted)
        except Exception as error:
            if self.is_unavailable(error):
                raise
            if len(fitted) == 1:
                return refused | dict.fromkeys(fitted, error)
            for key, data in fitted.items():
                refused |= self.put_each(channel, {key: data})
        else:
            self._when_visible(partial(self._tell, channel, position))
        return refused

    def is_unavailable(self, error: Exception) -> bool:
        """Return True if an error means that the store cannot be reached, not that it refuses.

        By default these are Python's errors of connections and timeouts. Backends add those of
        their client library.

        Args:
            error: the error that a method of the store raised.
        """
        return isinstance(error, OSError)

    def reach(self, request: Callable[[], R]) -> R:
        """Return the result of a call of the store that a web request can do without.

        If the store could not be reached a moment ago, it is not called: one web request waits
        for a store that hangs, not all. Code that needs the result calls the store directly.

        Args:
            request: calls the store.

        Raises:
            StoreUnavailableError: the store cannot be reached, or could not a moment ago.
            Exception: the store refuses the call.
        """
        if not self.outage.may_try():
            msg = "The store of live state could not be reached a moment ago."
            raise StoreUnavailableError(msg)
        try:
            result = request()
        except Exception as error:
            if not self.is_unavailable(error):
                self.outage.end()
                raise
            self.outage.begin(error)
            msg = f"The store of live state cannot be reached: {error!r}"
            raise StoreUnavailableError(msg) from error
        self.outage.end()
        return result

    @abstractmethod
    def since(self, channel: str, position: Position | None) -> Changes:
        """Return what changed since ``position``.

        If the position is none, of another epoch or from the future, the whole state is returned.
        """

    @abstractmethod
    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Return the position of each channel, without the channels that do not exist."""

    @abstractmethod
    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete the frames of some keys, which no page shows any more.

        That makes no new version and no notification: a page that shows such a frame keeps it, and
        no other page gets it. Keys that do not exist are ignored.

        Args:
            channel: the channel's name.
            keys: the keys of frames; of a series, its base and its points are deleted.
        """

    @abstractmethod
    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Acquire the lease of a piece of work, which one process does at a time.

        Args:
            name: the name of the work.
            seconds: the time until the lease ends if nobody renews it: the delay if its holder
                dies.
            input_version: identifies the input of the work.

        Returns:
            The holder, for ``renew_lease``; empty while another holder does the work, or if it is
            done for this input version.
        """

    @abstractmethod
    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Renew a lease, or store that the work is done. Return False if the lease is lost.

        Args:
            name: the name of the work.
            holder: the holder that ``acquire_lease`` returned.
            seconds: the time from now until the lease ends, or until the work is due again.
            input_version: the input for which the work is done; empty while it is not done.
        """

    @abstractmethod
    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Do the same as ``since``, inside an event loop."""

    @abstractmethod
    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Do the same as ``heads``, inside an event loop."""

    async def listen(self, listener: Listener) -> None:
        """Call a listener with each notification, inside an event loop, until cancelled.

        A notification is the name of a channel that has a new version. It may be lost, doubled or
        late without harm. If the connection of a backend can be cut, the backend sends
        ``ALL_CHANNELS`` whenever it begins to listen. Backends implement ``_listen_remote``.
        """
        token = object()
        self._listeners[token] = listener
        try:
            await self._listen_remote(listener)
        finally:
            del self._listeners[token]

    @abstractmethod
    async def _listen_remote(self, listener: Listener) -> None:
        """Call the listener with the notifications of other processes, until cancelled."""

    def notify(self, channel: str) -> None:
        """Notify every hub, of this process and of others, about a channel."""
        self._notify_local(channel)

    def _when_visible(self, call: Callable[[], None]) -> None:
        """Call a function once all processes can read what was put.

        A backend overrides it if it may put within a transaction of its caller.
        """
        call()

    def _tell(self, channel: str, position: Position) -> None:
        """Notify this process of its own put."""
        if self._listeners:
            self._notify_local(channel)
        # Robust: an error of a receiver is not an error of the push.
        stored.send_robust(type(self), store=self, channel=channel, position=position)

    def _notify_local(self, channel: str) -> None:
        """Notify the hubs of this process, by direct calls."""
        for listener in tuple(self._listeners.values()):
            listener(channel)

    def _tag_sender(self, channel: str) -> str:
        """Return a notification for a connection that also returns it to its sender."""
        return f"{self._sender_tag} {channel}"

    def _receive_tagged(self, payload: str, listener: Listener) -> None:
        """Pass on such a notification, unless ``_notify_local`` has done so in this process."""
        sender_tag, _, channel = payload.partition(" ")
        if sender_tag != self._sender_tag:
            listener(channel)

    def close(self) -> None:  # noqa: B027 - most stores have nothing to close
        """Close threads and connections. The store can be used again."""

    def check(self) -> Sequence[CheckMessage]:
        """Return system check messages about this store's configuration."""
        return ()

    def check_connection(self) -> Sequence[CheckMessage]:
        """Return system check messages about its server, if it has one; may wait for it."""
        return ()

    def check_tables(self) -> Sequence[CheckMessage]:
        """Return system check messages about its tables, if it has any; may read a database."""
        return ()


def new_holder() -> str:
    """Return a new name for the holder of a lease."""
    return secrets.token_hex(8)


async def keep_listening(listen: Callable[[], Awaitable[None]]) -> None:
    """Listen again whenever that fails, until cancelled. Meanwhile the hub polls.

    Args:
        listen: notifies ``ALL_CHANNELS`` once it listens, because notifications may be lost.
    """
    pause = 0.1
    is_logged = False
    loop = asyncio.get_running_loop()
    while not is_cancelled():
        began = loop.time()
        try:
            await listen()
        except Exception as error:  # noqa: BLE001 - a client library may raise anything
            if loop.time() - began > _MAX_PAUSE_SECONDS:
                pause, is_logged = 0.1, False
            if not is_logged:
                is_logged = True
                logger.warning(
                    "Notifications between processes do not work (%s). Until they do, pages are "
                    "updated by polling only.",
                    error,
                )
        # Random, so that not all processes connect in the same moment.
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


def is_positive(value: object) -> bool:
    """Return True if an option is a number above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
