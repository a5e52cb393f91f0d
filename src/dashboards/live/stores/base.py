"""What every store promises."""

import asyncio
import logging
import random
import secrets
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from django.core.checks import CheckMessage
from django.dispatch import Signal

from dashboards.exceptions import StoreUnavailableError
from dashboards.live.stores.limits import fit
from dashboards.live.stores.notifications import Listener
from dashboards.live.stores.outage import Outage
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import Position
from dashboards.live.workers import is_cancelled

R = TypeVar("R")

logger = logging.getLogger("dashboards.live")

stored = Signal()
"""Sent once a put is visible to everybody, in the process that made it: ``store``, ``channel`` and
``position``. Whoever receives it must not make the put wait."""

_MAX_PAUSE_SECONDS = 5.0


class Changes(NamedTuple):
    """What changed since a position: the newest frame of each changed key, oldest first."""

    position: Position | None
    """Where a reader of these frames is; ``None`` where the channel does not exist (yet)."""
    frames: Sequence[Frame]
    put_at: float = 0
    """When the last put was made: seconds since 1970, by the clock of the store or its writer."""


class BaseStore(ABC):
    """Keeps the newest frame of every live component, under one version a channel. The truth.

    A store is made once a process and is used from many threads. The ``a…`` twins are what the
    hub calls inside its event loop; they must not block it.

    Args:
        options: ``OPTIONS`` of the store's entry in ``DASHBOARDS["STORES"]``.
    """

    poll_seconds: float
    """How often the hub asks for heads, so that a lost hint costs no more than this."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options
        self.outage = Outage()
        self._listeners: dict[object, Listener] = {}
        self._sender_tag = secrets.token_hex(4)

    def put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store rendered frames by key, all under one new version of the channel.

        The one way into every store: what some store could not keep is replaced or refused here
        (``live.limits.fit``), so that all of them take the same. Backends implement ``_put``.

        Of points, which belong to a series, the newest are kept. Nothing at all may be put: that
        is a new version all the same, by which it is seen that something happened.

        Args:
            channel: the channel's name.
            frames: HTML, or points of a series, by key.

        Raises:
            TypeError: a frame is neither text nor ``Points``.
            ValueError: a name is too long, or a number beyond a column.
            ValueTooLargeError: a frame is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``.
            Exception: the store cannot be reached (``is_unavailable``) or refuses a frame.
        """
        return self._put(channel, fit(channel, frames))

    @abstractmethod
    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store frames that are fit, as ``put`` says.

        Versions of a channel become visible in order: who has read one can never miss an
        earlier one that appears later.
        """

    def put_each(self, channel: str, frames: Mapping[str, str | Points]) -> dict[str, Exception]:
        """Put frames; one that the store refuses does not keep the others out.

        All are put under one version. Where that is refused, each is put alone.

        Returns:
            Why, by key, for each frame that the store refuses.

        Raises:
            Exception: the store cannot be reached (``is_unavailable``), so nothing is known of any.
        """
        try:
            self.put(channel, frames)
        except Exception as error:
            if self.is_unavailable(error):
                raise
            if len(frames) == 1:
                return dict.fromkeys(frames, error)
        else:
            return {}
        refused: dict[str, Exception] = {}
        for key, data in frames.items():
            refused |= self.put_each(channel, {key: data})
        return refused

    def is_unavailable(self, error: Exception) -> bool:
        """Return True if an error says that the store cannot be reached, not that it refuses.

        By default that are Python's own errors of connections and timeouts. Backends add those of
        their client's library.

        Args:
            error: what ``put``, ``since``, ``heads``, ``claim``, ``hold`` or a twin raised.
        """
        return isinstance(error, OSError)

    def reach(self, ask: Callable[[], R]) -> R:
        """Return the store's answer to a request, which can do without where there is none.

        A store that could not be reached a moment ago is not asked: one that hangs is waited for by
        one request, not by all. Whoever cannot do without calls the store itself.

        Args:
            ask: calls the store.

        Raises:
            StoreUnavailableError: the store cannot be reached, or could not a moment ago.
            Exception: what it refuses.
        """
        if not self.outage.may_ask():
            msg = "The store of live state could not be reached a moment ago."
            raise StoreUnavailableError(msg)
        try:
            answer = ask()
        except Exception as error:
            if not self.is_unavailable(error):
                self.outage.end()
                raise
            self.outage.begin(error)
            msg = f"The store of live state cannot be reached: {error!r}"
            raise StoreUnavailableError(msg) from error
        self.outage.end()
        return answer

    @abstractmethod
    def since(self, channel: str, position: Position | None) -> Changes:
        """Return what changed since ``position``.

        A position that the store does not know (none, another epoch, from the future) is
        answered with the whole state.
        """

    @abstractmethod
    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Return where each of the channels stands now; those that do not exist are absent."""

    @abstractmethod
    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete what is stored under some keys: frames that no page shows any more.

        That is no new version, and no hint: who has shown a frame goes on showing it, and who has
        not is never sent it. Keys that are not there are none to delete.

        Args:
            channel: the channel's name.
            keys: the keys of frames; of a series, base and points.
        """

    @abstractmethod
    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Claim a piece of work for so many seconds.

        Args:
            name: which work.
            seconds: how long the claim lasts if nobody extends it: what a dead holder costs.
            input_version: for which state of things the work would be done.

        Returns:
            Who holds the claim, for ``hold``; empty while somebody else works on it, or where it
            is done for this very input_version.
        """

    @abstractmethod
    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Extend a claim, or say that the work is done; false when it is no longer the holder's.

        Args:
            name: which work.
            holder: what ``claim`` returned.
            seconds: how long from now the claim lasts, or the work counts as done.
            input_version: for which state of things it is done; empty while it is not.
        """

    @abstractmethod
    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Do as ``since``, inside an event loop."""

    @abstractmethod
    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Do as ``heads``, inside an event loop."""

    async def listen(self, listener: Listener) -> None:
        """Hear hints inside an event loop, until cancelled.

        A hint names a channel that has news. It may be lost, doubled or late without harm. A
        backend whose wire may be cut tells ``ALL_CHANNELS`` when it begins to hear, and again.
        Backends extend this with the hints of other processes and wait for ever.
        """
        token = object()
        self._listeners[token] = listener
        try:
            await self._listen_remote(listener)
        finally:
            del self._listeners[token]

    @abstractmethod
    async def _listen_remote(self, listener: Listener) -> None:
        """Hear the hints of other processes until cancelled."""

    def notify(self, channel: str) -> None:
        """Tell every hub, of this process and of others, to look at something."""
        self._notify_local(channel)

    def _stored(self, channel: str, position: Position) -> None:
        """Tell this process of its own put. Every backend calls it, once others can read it."""
        self._notify_local(channel)
        # Robust: whoever pushed is not to blame for whoever listens.
        stored.send_robust(type(self), store=self, channel=channel, position=position)

    def _notify_local(self, channel: str) -> None:
        """Tell the hubs of this process, which need no wire."""
        for listener in tuple(self._listeners.values()):
            listener(channel)

    def _tag_sender(self, channel: str) -> str:
        """Return a hint for a wire that also carries it back to its sender."""
        return f"{self._sender_tag} {channel}"

    def _receive_tagged(self, payload: str, listener: Listener) -> None:
        """Hear a hint from such a wire, unless ``_hint`` has told it already."""
        sender_tag, _, channel = payload.partition(" ")
        if sender_tag != self._sender_tag:
            listener(channel)

    def close(self) -> None:  # noqa: B027 - most stores have nothing to let go of
        """Let go of threads and connections; the store can be used again."""

    def check(self) -> Sequence[CheckMessage]:
        """Return system check messages about this store's configuration."""
        return ()

    def check_tables(self) -> Sequence[CheckMessage]:
        """Return system check messages about its tables, where it has any; may read a database."""
        return ()


def new_holder() -> str:
    """Return a name for whoever claims work, never used before."""
    return secrets.token_hex(8)


async def keep_listening(listen: Callable[[], Awaitable[None]]) -> None:
    """Listen again whenever that fails, until cancelled. The hub's poll bridges the gaps.

    Args:
        listen: tells ``ALL_CHANNELS`` as soon as it listens, for what was lost before.
    """
    pause = 0.1
    in_trouble = False
    loop = asyncio.get_running_loop()
    while not is_cancelled():
        began = loop.time()
        try:
            await listen()
        except Exception as error:  # noqa: BLE001 - a wire may fail in its own ways
            if loop.time() - began > _MAX_PAUSE_SECONDS:
                pause, in_trouble = 0.1, False
            if not in_trouble:
                in_trouble = True
                logger.warning("No hints for the moment, only the poll: %s", error)
        # Drawn, lest all processes come back in the same instant.
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
        pause = min(2 * pause, _MAX_PAUSE_SECONDS)


def is_positive(value: object) -> bool:
    """Return True if an option is a number above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
