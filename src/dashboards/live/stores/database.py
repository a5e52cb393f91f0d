"""State in the project's own database: every process that has it can push and read."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from time import monotonic, time
from typing import Any, ParamSpec, TypeVar

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - the framework's name
from django.db import Error as DatabaseError
from django.db import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    connections,
    router,
    transaction,
)
from django.db.models import F, FilteredRelation, Max, Q, QuerySet
from django.utils import timezone

from dashboards.live.stores.base import (
    BaseStore,
    Changes,
    is_positive,
    keep_listening,
    new_holder,
)
from dashboards.live.stores.limits import log_damage, sound
from dashboards.live.stores.notifications import ALL_CHANNELS, Listener, UnixSocketNotifier
from dashboards.live.wire.frames import Frame, Points
from dashboards.live.wire.positions import MAX_VERSION, Position, new_epoch
from dashboards.live.workers import Workers
from dashboards.models import Channel, Lease
from dashboards.models import Frame as FrameRow

P = ParamSpec("P")
R = TypeVar("R")

_OPTIONS = {"using", "poll_seconds"}
_PUT_ATTEMPTS = 5
_FRAME_FIELDS = ("key", "version", "data", "number", "keep")
_NO_SERIES: Mapping[str, Any] = {"last": 0, "kept": 0, "base": None}
# Characters of data in one statement. MariaDB takes 16 MB by default, with every quote escaped.
_MAX_STATEMENT = 1_000_000
# A browser's numbers are exact up to here.
_MAX_NUMBER = 2**52
_MYSQL_DEADLOCK = 1213
# Of PostgreSQL: too many connections; told to stop, crashed, not ready yet, database dropped.
_POSTGRESQL_UNAVAILABLE = frozenset(("53300", "57P01", "57P02", "57P03", "57P04"))
# Of MySQL and MariaDB: too many connections, shutting down, no such host, access denied, refused,
# gone away, lost, killed. By the client's numbers (2000 and more) or the server's.
_MYSQL_UNAVAILABLE = frozenset(
    [
        *(0, 1040, 1044, 1045, 1049, 1053, 1129, 1130, 1203, 1226, 1927),
        *(2002, 2003, 2005, 2006, 2013, 2026, 2055),
    ]
)
# Of SQLite: busy, locked, an error of the disk, cannot be opened. It has no connection that could
# fail: these are its way of not being there for the moment.
_SQLITE_UNAVAILABLE = frozenset((5, 6, 10, 14))


class DatabaseStore(BaseStore):
    """Keeps frames in two tables, and claims in a third.

    Other processes hear of news by ``NOTIFY`` where the database is PostgreSQL (and its driver
    psycopg 3); elsewhere by datagram, on one host.

    Options:
        using: the alias of the database; by default the one to which ``DATABASE_ROUTERS`` write
            the tables of this app, which is ``"default"`` where none of them says another.
        poll_seconds: seconds between two looks for news whose hint was lost; default 2 where
            hints come by ``NOTIFY``, else 0.25.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        self.using: str = options.get("using") or router.db_for_write(Channel)
        self._uses_notify = self.using in connections.settings and _has_notify(self.using)
        self.poll_seconds = options.get("poll_seconds", 2 if self._uses_notify else 0.25)
        # All reads of the hub, whatever the number of readers: one thread, one connection.
        self._thread = Workers(1, "dashboards-store")
        self._lock = Lock()
        self._notifier: UnixSocketNotifier | None = None
        # When the database could not be reached the last time, and why. Of the store's thread.
        self._failure: tuple[float, DatabaseError | None] = (0.0, None)
        # What SQLite said when the heads were last read, and the heads. Of the store's thread.
        self._last_heads: tuple[tuple[int, frozenset[str]], Mapping[str, Position]] | None = None

    def _put(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        """Store in one transaction.

        Its first statement takes the channel's row, so puts to one channel follow each other and
        their versions are committed in order.
        """
        for _ in range(_PUT_ATTEMPTS - 1):
            try:
                return self._put_once(channel, frames)
            except Exception as error:
                if self._is_damage(error):
                    self._begin_anew(channel, frames)
                # MySQL and MariaDB undo one of two transactions that wait for each other.
                # Within somebody else's transaction that is not ours to repeat.
                elif not _is_deadlock(error) or connections[self.using].in_atomic_block:
                    raise
        return self._put_once(channel, frames)

    def is_unavailable(self, error: Exception) -> bool:
        """Return True if the connection failed, or could not be made."""
        if not isinstance(error, OperationalError | InterfaceError):
            return False
        vendor, cause = connections[self.using].vendor, error.__cause__
        if vendor == "postgresql":
            # Without a state the server has said nothing: the client could not reach it.
            state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
            return state is None or state[:2] == "08" or state in _POSTGRESQL_UNAVAILABLE
        if vendor == "mysql":
            return bool(error.args) and error.args[0] in _MYSQL_UNAVAILABLE
        if vendor == "sqlite":
            return getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE_UNAVAILABLE
        return True

    def _put_once(self, channel: str, frames: Mapping[str, str | Points]) -> Position:
        with transaction.atomic(using=self.using):
            self._step(channel)
            row = Channel.objects.using(self.using).get(name=channel)
            if Position.read(row.epoch, row.version) is None:
                row.epoch = new_epoch()
                row.save(using=self.using, update_fields=["epoch"])
            whole = {key: data for key, data in frames.items() if isinstance(data, str)}
            series = {key: data for key, data in frames.items() if isinstance(data, Points)}
            rows = [
                FrameRow(channel=row, key=key, version=row.version, data=data)
                for key, data in whole.items()
            ]
            if series:
                rows += self._append(row, series)
            for some in _in_portions(rows):
                FrameRow.objects.using(self.using).bulk_create(
                    some,
                    update_conflicts=True,
                    # MySQL and MariaDB find the conflicting key themselves and refuse to be told.
                    unique_fields=(
                        ["channel", "key", "number"]
                        if connections[self.using].features.supports_update_conflicts_with_target
                        else None
                    ),
                    update_fields=["version", "keep", "data"],
                )
            position = Position(row.epoch, row.version)
            self._announce(channel, partial(self._stored, channel, position))
        return position

    def _begin_anew(self, channel: str, keys: Collection[str]) -> None:
        """Delete frames that cannot even be read, and begin a new epoch."""
        with transaction.atomic(using=self.using):
            Channel.objects.using(self.using).filter(name=channel).update(epoch=new_epoch())
            self._delete(self._rows(channel, keys))

    def _is_damage(self, error: Exception) -> bool:
        """Return True if a row could not be read for what it holds.

        SQLite keeps whatever bytes a column is given; other databases check them.
        """
        if connections[self.using].vendor != "sqlite":
            return False
        if isinstance(error, OperationalError):
            return "decode" in str(error)
        return isinstance(error, AttributeError | TypeError | ValueError)

    def _append(self, row: Channel, series: Mapping[str, Points]) -> Iterator[FrameRow]:
        """Return the rows of new points, and of bases that are new; delete points past the last."""
        mine = FrameRow.objects.using(self.using).filter(channel=row)
        whole = Q(number=0)
        known = (
            # What is newer than the channel cannot be right.
            mine.filter(key__in=series, version__lte=row.version)
            .values("key")
            .annotate(
                last=Max("number"), kept=Max("keep", filter=whole), base=Max("data", filter=whole)
            )
        )
        stand: dict[str, Any] = {each["key"]: each for each in known}
        for key, points in series.items():
            its = stand.get(key, _NO_SERIES)
            if not (isinstance(its["last"], int) and its["last"] < _MAX_NUMBER):
                its = _NO_SERIES
            last = its["last"]
            if its["base"] != points.base or not its["kept"]:
                old = mine.filter(key=key, number__gt=0)
                if its["kept"]:
                    # Whoever is sent a base is sent all of its points.
                    old.update(version=row.version)
                else:
                    # Left by a series that became a whole state meanwhile.
                    self._delete(old)
                yield FrameRow(
                    channel=row, key=key, keep=points.keep, version=row.version, data=points.base
                )
            newest = last + len(points.items)
            items = points.items[-points.keep :]
            if newest > points.keep:
                self._delete(mine.filter(key=key, number__range=(1, newest - points.keep)))
            for number, item in enumerate(items, newest - len(items) + 1):
                yield FrameRow(
                    channel=row,
                    key=key,
                    number=number,
                    keep=points.keep,
                    version=row.version,
                    data=item,
                )

    def _step(self, channel: str) -> None:
        """Move the channel to its next version, making it where it does not exist."""
        now = timezone.now()
        rows = Channel.objects.using(self.using).filter(name=channel)
        undamaged = rows.filter(version__range=(0, MAX_VERSION - 1))
        if undamaged.update(version=F("version") + 1, updated_at=now):
            return
        try:
            with transaction.atomic(using=self.using):
                Channel.objects.using(self.using).create(
                    name=channel, epoch=new_epoch(), version=1, updated_at=now
                )
        except IntegrityError:
            # Another process made it in this moment; or its version is damaged.
            if not undamaged.update(version=F("version") + 1, updated_at=now):
                rows.update(version=1, epoch=new_epoch(), updated_at=now)
                FrameRow.objects.using(self.using).filter(channel_id=channel).update(version=1)

    def since(self, channel: str, position: Position | None) -> Changes:
        """Read with one statement, so that position and frames are of one moment."""
        changes = self._read(channel, position.version if position else 0)
        if position and changes.position and not changes.position.knows(position):
            return self._read(channel, 0)
        return changes

    def _read(self, channel: str, after: int) -> Changes:
        rows = (
            Channel.objects.using(self.using)
            .filter(name=channel)
            .annotate(news=FilteredRelation("frames", condition=Q(frames__version__gt=after)))
            .values_list(
                "epoch", "version", "updated_at", *(f"news__{field}" for field in _FRAME_FIELDS)
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
            if not self._is_damage(error):
                raise
            return self._read_singly(channel, after)
        return _changes(channel, position, frames, put_at)

    def _read_singly(self, channel: str, after: int) -> Changes:
        """Read what can be read of a channel, row by row."""
        # First, for what is put meanwhile is newer than this says, and read the next time.
        position = self.heads([channel]).get(channel)
        its = FrameRow.objects.using(self.using).filter(channel_id=channel, version__gt=after)
        frames: list[Frame] = []
        for number in its.values_list("pk", flat=True):
            row = its.filter(pk=number).values_list(*_FRAME_FIELDS)
            try:
                frames += (Frame(*fields) for fields in row)
            except Exception as error:
                if not self._is_damage(error):
                    raise
                log_damage(channel, f"row {number}", error)
        return _changes(channel, position, frames, 0)

    def heads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read all heads with one query."""
        rows = Channel.objects.using(self.using).filter(name__in=channels)
        try:
            found = list(rows.values_list("name", "epoch", "version"))
        except Exception as error:
            if not self._is_damage(error):
                raise
            if len(channels) == 1:
                log_damage(next(iter(channels)), "the channel", error)
                return {}
            # One that cannot be read does not hide the others.
            return {name: head for each in channels for name, head in self.heads([each]).items()}
        heads = {name: Position.read(epoch, version) for name, epoch, version in found}
        return {name: head for name, head in heads.items() if head}

    def forget(self, channel: str, keys: Collection[str]) -> None:
        """Delete rows in one transaction, which waits for the puts of others."""
        with transaction.atomic(using=self.using):
            # Takes the channel's row, as a put does: a put that has read a series' base, and adds
            # points to it, finds it there.
            rows = Channel.objects.using(self.using).filter(name=channel)
            if rows.update(version=F("version")):
                self._delete(self._rows(channel, keys))

    def _rows(self, channel: str, keys: Collection[str]) -> QuerySet[FrameRow]:
        return FrameRow.objects.using(self.using).filter(channel_id=channel, key__in=keys)

    def _delete(self, rows: QuerySet[FrameRow]) -> None:
        """Delete rows unread: some cannot be read, and others are large.

        Where a project listens to the deletions of all models, ``delete()`` reads each row first.
        """
        rows._raw_delete(self.using)  # noqa: SLF001 - Django's own for rows that nothing refers to

    def acquire_lease(self, name: str, seconds: float, input_version: str = "") -> str:
        """Claim by the clock of this host; clocks apart only make a turn early or late."""
        now, holder = time(), new_holder()
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
            return ""  # Damaged: whoever comes next begins anew.
        if until > now and lease.input_version in {"", input_version}:
            return ""
        # As it was read: who claims at the same moment changes nothing.
        as_read = leases.filter(name=name, holder=lease.holder, input_version=lease.input_version)
        won = as_read.filter(until=until).update(
            holder=holder, input_version="", until=now + seconds
        )
        return holder if won else ""

    def renew_lease(self, name: str, holder: str, seconds: float, input_version: str = "") -> bool:
        """Subscription on by the clock of this host."""
        mine = Lease.objects.using(self.using).filter(name=name, holder=holder)
        return bool(mine.update(input_version=input_version, until=time() + seconds))

    def notify(self, channel: str) -> None:
        """Tell this process's hubs and the others, once what is open now is committed."""
        self._announce(channel, partial(self._notify_local, channel))

    async def asince(self, channel: str, position: Position | None) -> Changes:
        """Read in the store's own thread, which has the one connection of the whole hub."""
        return await self._in_thread(self.since, channel, position)

    async def aheads(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Read in the store's own thread, and on SQLite only when anything was written."""
        return await self._in_thread(self._heads_if_written, channels)

    def _heads_if_written(self, channels: Collection[str]) -> Mapping[str, Position]:
        database = connections[self.using]
        if database.vendor != "sqlite":
            return self.heads(channels)
        with database.cursor() as cursor:
            # Changes whenever another connection has written: a fraction of a query's cost.
            cursor.execute("PRAGMA data_version")
            written = (cursor.fetchone()[0], frozenset(channels))
        if self._last_heads is None or self._last_heads[0] != written:
            self._last_heads = (written, self.heads(channels))
        return self._last_heads[1]

    async def _in_thread(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        asked = monotonic()

        def run() -> R:
            failed, failure = self._failure
            if failure is not None and asked < failed:
                # A thousand channels that waited in line for a database which cannot be reached
                # would try one after the other, each until its own timeout.
                raise type(failure)(*failure.args) from failure.__cause__
            try:
                return function(*args, **kwargs)
            except DatabaseError as error:
                if self.is_unavailable(error):
                    self._failure = (monotonic(), error)
                # It may be the connection that is broken: the next call opens a new one.
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

    def _announce(self, channel: str, tell: Callable[[], None]) -> None:
        """Have the commit tell the others, and call ``tell`` in this process."""
        database = connections[self.using]
        if self._uses_notify:
            from dashboards.live.stores.postgres_listen import notify  # noqa: PLC0415 - needs psycopg 3

            notify(database, self._tag_sender(channel))
        elif notifier := self._get_notifier():
            transaction.on_commit(partial(notifier.send, channel), using=self.using)
        transaction.on_commit(tell, using=self.using)

    async def _listen_remote(self, listener: Listener) -> None:
        if self._uses_notify:
            from dashboards.live.stores.postgres_listen import listen  # noqa: PLC0415 - needs psycopg 3

            parameters = connections[self.using].get_connection_params()
            begun, heard = (
                partial(listener, ALL_CHANNELS),
                partial(self._receive_tagged, listener=listener),
            )
            await keep_listening(partial(listen, parameters, begun, heard))
        elif notifier := self._get_notifier():
            await notifier.listen(listener)
        else:
            await asyncio.Event().wait()

    def check(self) -> Sequence[CheckMessage]:
        """Check the options, the routers, and that SQLite lets one write while others read."""
        unknown = sorted(set(self.options) - _OPTIONS)
        if unknown:
            return [
                Error(
                    f"Unknown OPTIONS of DatabaseStore: {', '.join(unknown)}.",
                    hint=f"Allowed are {', '.join(sorted(_OPTIONS))}.",
                    id="dashboards.E004",
                )
            ]
        if self.using not in connections.settings:
            return [
                Error(
                    f"DatabaseStore uses the database {self.using!r}, which DATABASES lacks.",
                    hint=f"Set OPTIONS['using'] to one of {', '.join(connections.settings)}.",
                    id="dashboards.E005",
                )
            ]
        if not is_positive(self.poll_seconds):
            return [
                Error(
                    "OPTIONS['poll_seconds'] of DatabaseStore must be a number above 0, got "
                    f"{self.poll_seconds!r}.",
                    hint="Leave it out for the default.",
                    id="dashboards.E011",
                )
            ]
        if not router.allow_migrate_model(self.using, Channel):
            return [
                Error(
                    f"DatabaseStore keeps live state in the database {self.using!r}, but "
                    "DATABASE_ROUTERS do not let its tables be made there.",
                    hint=(
                        f'Let allow_migrate("{self.using}", "dashboards") of a router return True, '
                        "or name the database that has the tables in OPTIONS['using']."
                    ),
                    id="dashboards.E042",
                )
            ]
        database = connections[self.using]
        options = database.settings_dict.get("OPTIONS", {})
        if database.vendor == "sqlite" and "wal" not in str(options.get("init_command")).lower():
            return [
                Warning(
                    f"The SQLite database {self.using!r} is not set to write-ahead logging: "
                    "readers of live state and writers of your site block each other.",
                    hint=(
                        f'Add to DATABASES["{self.using}"]: "OPTIONS": {{"init_command": '
                        '"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"}.'
                    ),
                    id="dashboards.W006",
                )
            ]
        return ()

    def check_tables(self) -> Sequence[CheckMessage]:
        """Check that the tables are there. Reads the database."""
        tables = {each._meta.db_table for each in (Channel, FrameRow, Lease)}  # noqa: SLF001 - public by custom
        missing = sorted(tables - set(connections[self.using].introspection.table_names()))
        if not missing:
            return ()
        return [
            Warning(
                f"DatabaseStore keeps live state in the database {self.using!r}, which has no "
                f"table {', '.join(missing)}.",
                hint=f"Run: manage.py migrate --database {self.using}",
                id="dashboards.W043",
            )
        ]


def _changes(
    channel: str, position: Position | None, frames: Sequence[Frame], put_at: float
) -> Changes:
    if position is None:
        return Changes(None, ())
    return Changes(position, tuple(sound(channel, position, frames)), put_at)


def _in_portions(rows: Sequence[FrameRow]) -> Iterator[list[FrameRow]]:
    """Divide rows among statements: MySQL and MariaDB hang up on one that is too long."""
    portion: list[FrameRow] = []
    length = 0
    for row in rows:
        if portion and length + len(row.data) > _MAX_STATEMENT:
            yield portion
            portion, length = [], 0
        portion.append(row)
        length += len(row.data)
    if portion:
        yield portion


def _is_deadlock(error: Exception) -> bool:
    return isinstance(error, OperationalError) and error.args[0] == _MYSQL_DEADLOCK


def _has_notify(alias: str) -> bool:
    if connections[alias].vendor != "postgresql":
        return False
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415

    return is_psycopg3
