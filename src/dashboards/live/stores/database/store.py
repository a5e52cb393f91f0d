"""The store that keeps channels in a database."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from django.core.checks import CheckMessage
from django.db import Error as DatabaseError
from django.db import IntegrityError, connections, router, transaction
from django.db.models import F, FilteredRelation, Q

from dashboards.live.commits import on_commit
from dashboards.live.stores.base import BaseStore, Changes, keep_listening, new_holder
from dashboards.live.stores.database import errors
from dashboards.live.stores.database.checks import check_options, check_tables
from dashboards.live.stores.database.writing import (
    begin_new_epoch,
    delete,
    get_frames,
    next_version,
    write_frames,
)
from dashboards.live.stores.limits import log_damage, sound
from dashboards.live.stores.notifications import ALL_CHANNELS, Listener, UnixSocketNotifier
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import Position
from dashboards.live.workers import Workers
from dashboards.models import Channel, Lease
from dashboards.models import Frame as FrameRow

P = ParamSpec("P")
R = TypeVar("R")

_PUT_ATTEMPTS = 5
_FRAME_FIELDS = ("key", "version", "data", "number", "keep")


class DatabaseStore(BaseStore):
    """Keeps frames in two tables, and leases in a third.

    Other processes are notified by ``NOTIFY`` if the database is PostgreSQL (and its driver psycopg
    3); otherwise by datagrams, on one host.

    Options:
        using: the alias of the database; by default the one to which ``DATABASE_ROUTERS`` write
            the tables of this app, which is ``"default"`` if none of them names another.
        poll_seconds: seconds between two polls for updates whose notification was lost; default 2
            with ``NOTIFY``, otherwise 0.25.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.using: str = options.get("using") or router.db_for_write(Channel)
        self._uses_notify = self.using in connections.settings and _has_notify(self.using)
        self.poll_seconds = options.get("poll_seconds", 2 if self._uses_notify else 0.25)
        # All reads of the hub, for any number of subscribers: one thread, one connection.
        self._thread = Workers(1, "dashboards-store")
        self._lock = Lock()
        self._notifier: UnixSocketNotifier | None = None
        # The last time when the database could not be reached, and the error. Used by that thread.
        self._failure: tuple[float, DatabaseError | None] = (0.0, None)
        # SQLite's data version when the heads were last read, and the heads. Used by that thread.
        self._last_heads: tuple[tuple[int, frozenset[str]], Mapping[str, Position]] | None = None

    def is_unavailable(self, error: Exception) -> bool:
        """Return True if the connection failed, or could not be opened."""
        return errors.is_unavailable(self.using, error)

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store in one transaction.

        Its first statement locks the channel's row, so puts to one channel follow each other and
        their versions are committed in order.
        """
        for _ in range(_PUT_ATTEMPTS - 1):
            try:
                return self._put_once(channel, frames)
            except Exception as error:
                if errors.is_damage(self.using, error):
                    begin_new_epoch(self.using, channel, frames)
                # A deadlock can be tried again, unless the caller has opened the transaction.
                elif not errors.is_deadlock(error) or connections[self.using].in_atomic_block:
                    raise
        return self._put_once(channel, frames)

    def _put_once(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        with transaction.atomic(using=self.using):
            row = next_version(self.using, channel)
            write_frames(self.using, row, frames)
            self._notify_others(channel)
        return Position(row.epoch, row.version)

    def since(self, channel: str, position: Position | None) -> Changes:
        """Read with one statement, so that position and frames belong to one moment."""
        changes = self._read(channel, position.version if position else 0)
        if position and changes.position and not changes.position.knows(position):
            return self._read(channel, 0)
        return changes

    def _read(self, channel: str, after: int) -> Changes:
        rows = (
            Channel.objects.using(self.using)
            .filter(name=channel)
            .annotate(changed=FilteredRelation("frames", condition=Q(frames__version__gt=after)))
            .values_list(
                "epoch", "version", "updated_at", *(f"changed__{field}" for field in _FRAME_FIELDS)
            )
        )
        position = None
        put_at = 0.0
        frames: list[Frame] = []
        try:
            for epoch, head, updated_at, *frame in rows:
                position, put_at = Position.read(epoch, head), updated_at.timestamp()
                if frame[0] is not None:
                    frames.append(Frame(*frame))
        except Exception as error:
            if not errors.is_damage(self.using, error):
                raise
            return self._read_singly(channel, after)
        return _changes(channel, position, frames, put_at)

    def _read_singly(self, channel: str, after: int) -> Changes:
        """Read a channel row by row, without the rows that cannot be read."""
        # Read first: a frame that is put meanwhile is newer than it, and is read again next time.
        position = self.heads([channel]).get(channel)
        rows = FrameRow.objects.using(self.using).filter(channel_id=channel, version__gt=after)
        frames: list[Frame] = []
        for number in rows.values_list("pk", flat=True):
            row = rows.filter(pk=number).values_list(*_FRAME_FIELDS)
            try:
                frames += (Frame(*fields) for fields in row)
            except Exception as error:
                if not errors.is_damage(self.using, error):
                    raise
                log_damage(channel, f"row {number}", error)
        return _changes(channel, position, frames, 0)

    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read all heads with one query."""
        rows = Channel.objects.using(self.using).filter(name__in=channels)
        try:
            found = list(rows.values_list("name", "epoch", "version"))
        except Exception as error:
            if not errors.is_damage(self.using, error):
                raise
            if len(channels) == 1:
                log_damage(next(iter(channels)), "the channel", error)
                return {}
            # A channel that cannot be read does not hide the others.
            return {name: head for each in channels for name, head in self.heads([each]).items()}
        heads = {name: Position.read(epoch, version) for name, epoch, version in found}
        return {name: head for name, head in heads.items() if head}

    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete rows in one transaction, which waits for the puts of other processes."""
        with transaction.atomic(using=self.using):
            # Locks the channel's row, as a put does. So the base of a series is not deleted while
            # a put adds points to it.
            rows = Channel.objects.using(self.using).filter(name=channel)
            if rows.update(version=F("version")):
                delete(self.using, get_frames(self.using, channel, keys))

    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Acquire by the clock of this host. If clocks differ, work only begins early or late."""
        now, holder = self.clock.time(), new_holder()
        leases = Lease.objects.using(self.using)
        lease = leases.filter(name=name).first()
        if lease is None:
            try:
                with transaction.atomic(using=self.using):
                    leases.create(name=name, holder=holder, input_version="", until=now + seconds)
            except IntegrityError:
                return ""
            return holder
        until: object = lease.until
        if not isinstance(until, int | float):
            leases.filter(name=name).delete()
            return ""  # Damaged. The next call acquires it.
        if until > now and lease.input_version in {"", input_version}:
            return ""
        # As it was read: of two that acquire it at the same moment, one changes nothing.
        as_read = leases.filter(name=name, holder=lease.holder, input_version=lease.input_version)
        won = as_read.filter(until=until).update(
            holder=holder, input_version="", until=now + seconds
        )
        return holder if won else ""

    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Renew by the clock of this host."""
        leases = Lease.objects.using(self.using).filter(name=name, holder=holder)
        return bool(leases.update(input_version=input_version, until=self.clock.time() + seconds))

    def notify(self, channel: str) -> None:
        """Notify the hubs of this and other processes, once the open transaction is committed."""
        self._notify_others(channel)
        self._when_visible(partial(self._notify_local, channel))

    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Read in the store's own thread, which has the only connection of the hub."""
        return await self._in_thread(self.since, channel, position)

    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read in the store's own thread, and on SQLite only after something was written."""
        return await self._in_thread(self._heads_if_written, channels)

    def _heads_if_written(self, channels: Collection[str]) -> Mapping[str, Position]:
        database = connections[self.using]
        if database.vendor != "sqlite":
            return self.heads(channels)
        with database.cursor() as cursor:
            # Changes when another connection has written. It costs a fraction of a query.
            cursor.execute("PRAGMA data_version")
            written = (cursor.fetchone()[0], frozenset(channels))
        if self._last_heads is None or self._last_heads[0] != written:
            self._last_heads = (written, self.heads(channels))
        return self._last_heads[1]

    async def _in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        requested = monotonic()

        def run() -> R:
            failed, failure = self._failure
            if failure is not None and requested < failed:
                # Otherwise a thousand reads that wait for a database which cannot be reached would
                # try one after the other, each until its own timeout.
                raise type(failure)(*failure.args) from failure.__cause__
            try:
                return function(*args, **kwargs)
            except DatabaseError as error:
                if self.is_unavailable(error):
                    self._failure = (monotonic(), error)
                # The connection may be broken: the next call opens a new one.
                with contextlib.suppress(DatabaseError):
                    connections[self.using].close()
                self._last_heads = None
                raise

        return await self._thread.run(run)

    def close(self) -> None:
        """Close the store's own thread with its connection, and its socket."""
        self._thread.close(seconds=5)
        if self._notifier:
            self._notifier.close()
            self._notifier = None

    def _get_notifier(self) -> UnixSocketNotifier | None:
        with self._lock:
            if self._notifier is None:
                self._notifier = self._make_notifier()
            return self._notifier

    def _make_notifier(self) -> UnixSocketNotifier | None:
        database = connections[self.using]
        name = str(database.settings_dict["NAME"])
        if database.vendor == "sqlite":
            if database.is_in_memory_db():  # type: ignore[attr-defined]
                return None
            name = str(Path(name).resolve())
        host, port = (database.settings_dict.get(part, "") for part in ("HOST", "PORT"))
        return UnixSocketNotifier(f"{database.vendor} {host} {port} {name}")

    def _when_visible(self, call: Callable[[], None]) -> None:
        on_commit(call, self.using)

    def _notify_others(self, channel: str) -> None:
        """Have the commit notify other processes."""
        database = connections[self.using]
        if self._uses_notify:
            from dashboards.live.stores.database.postgres_notifications import notify  # noqa: PLC0415 - needs psycopg 3

            notify(database, self._tag_sender(channel))
        elif notifier := self._get_notifier():
            self._when_visible(partial(notifier.send, channel))

    async def _listen_remote(self, listener: Listener) -> None:
        if self._uses_notify:
            from dashboards.live.stores.database.postgres_notifications import listen  # noqa: PLC0415 - needs psycopg 3

            parameters = connections[self.using].get_connection_params()
            on_begin = partial(listener, ALL_CHANNELS)
            receive = partial(self._receive_tagged, listener=listener)
            await keep_listening(partial(listen, parameters, on_begin, receive))
        elif notifier := self._get_notifier():
            await notifier.listen(listener)
        else:
            await asyncio.Event().wait()

    def check(self) -> Sequence[CheckMessage]:
        """Check the options, the routers, and that SQLite can read and write at the same time."""
        return check_options(self.options, self.using, self.poll_seconds)

    def check_tables(self) -> Sequence[CheckMessage]:
        """Check that the tables exist. Reads the database."""
        return check_tables(self.using)


def _changes(
    channel: str, position: Position | None, frames: Sequence[Frame], put_at: float
) -> Changes:
    if position is None:
        return Changes(None, ())
    return Changes(position, tuple(sound(channel, position, frames)), put_at)


def _has_notify(alias: str) -> bool:
    if connections[alias].vendor != "postgresql":
        return False
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415

    return is_psycopg3
