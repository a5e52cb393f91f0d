"""The contract of stores, with real database servers."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connections, transaction
from django.db.models.signals import post_delete

from dashboards.live.fanout.hub import Hub
from dashboards.live.fanout.subscriber import Subscriber
from dashboards.live.stores import get_store
from dashboards.live.stores.base import BaseStore, Changes, stored
from dashboards.live.stores.database import DatabaseStore
from dashboards.live.stores.memory import MemoryStore
from dashboards.live.stores.notifications import ALL_CHANNELS, Listener
from dashboards.live.stores.redis import RedisStore
from dashboards.live.subscription import Subscription
from dashboards.live.wire.frames import Points
from dashboards.models import Channel, Frame
from dashboards.testing.stores import (
    CHANNEL,
    SharedStoreContract,
    StoreContract,
    assert_damage_repaired,
    call_and_close,
    listening,
    values_by_key,
    wait_for_other_process,
)
from tests.harness import free_port, wait_for
from tests.mariadb import mariadb
from tests.postgres import PostgreSQLServer, postgresql
from tests.redis_server import RedisServer, redis_server


@asynccontextmanager
async def reading(store: BaseStore) -> AsyncIterator[tuple[Subscriber, asyncio.Event]]:
    """Read a channel through a hub; also return the event set once notifications arrive."""
    begun, loop, listen = asyncio.Event(), asyncio.get_running_loop(), store.listen

    async def listen_and_tell(listener: Listener) -> None:
        def tell(channel: str) -> None:
            listener(channel)
            if channel == ALL_CHANNELS:
                loop.call_soon_threadsafe(begun.set)

        await listen(tell)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "listen", listen_and_tell)
        hub = Hub(store)
        reader = await hub.open(Subscription(CHANNEL, None))
        try:
            yield reader, begun
        finally:
            work = asyncio.all_tasks() - {asyncio.current_task()}
            hub.release(reader)
            await asyncio.wait(work, timeout=5)


async def shows(reader: Subscriber, data: str) -> None:
    while data.encode() not in await asyncio.wait_for(reader.read(), 10):
        pass


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore({})

    @pytest.fixture
    def wipe(self, store: MemoryStore) -> Callable[[], None]:
        return store._channels.clear


def _cannot_connect(alias: str, **settings: Any) -> bool:
    """Return True if a connection that cannot be made says that the store is down."""
    store = DatabaseStore({"using": alias})
    connections[alias].close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setitem(connections[alias].settings_dict, name, value)
        with pytest.raises(DatabaseError) as error:
            store.since(CHANNEL, None)
        connections[alias].close()
    store.close()
    return store.is_unavailable(error.value)


def break_connection(alias: str) -> None:
    connections[alias].connection.close()


class DatabaseContract(SharedStoreContract):
    """Cases of databases only. A subclass provides the fixture ``database``."""

    driver = "django"
    """What other processes import before the database is used."""

    @pytest.fixture(scope="class")
    @classmethod
    def migrated(cls, database: dict[str, Any], django_db_blocker: Any) -> Iterator[str]:
        """A database other than the test database, so that threads and rollbacks are real."""
        alias = "contract"
        connections.settings[alias] = connections.configure_settings(
            {"default": {}, alias: database}
        )[alias]
        with django_db_blocker.unblock():
            call_command("migrate", "dashboards", database=alias, verbosity=0)
            connections[alias].close()
        yield alias
        del connections[alias]
        del connections.settings[alias]

    @pytest.fixture
    def alias(self, migrated: str, django_db_blocker: Any) -> Iterator[str]:
        """The same, empty."""
        with django_db_blocker.unblock():
            yield migrated
            # A test may have damaged it.
            connections[migrated].close()
            with connections[migrated].cursor() as cursor:
                for model in ("Frame", "Channel", "Lease"):
                    table = apps.get_model("dashboards", model)._meta.db_table
                    # The ORM would read damaged rows to delete them, which fails.
                    cursor.execute(f"DELETE FROM {table}")
            connections[migrated].close()

    @pytest.fixture
    def store(self, alias: str) -> Iterator[DatabaseStore]:
        store = DatabaseStore({"using": alias})
        yield store
        store.close()

    @pytest.fixture
    def twin(self, alias: str) -> Iterator[DatabaseStore]:
        store = DatabaseStore({"using": alias})
        yield store
        store.close()

    @pytest.fixture
    def store_settings(self, alias: str) -> dict[str, Any]:
        return {
            "BACKEND": "dashboards.live.stores.database.DatabaseStore",
            "OPTIONS": {"using": alias},
            "DATABASES": {"default": {}, alias: connections.settings[alias]},
            "IMPORT": self.driver,
        }

    @pytest.fixture
    def wipe(self, alias: str) -> Callable[[], None]:
        def delete() -> None:
            Channel.objects.using(alias).all().delete()

        return delete

    def test_put_rolled_back_stores_nothing(self, store: DatabaseStore):
        before = store.put(CHANNEL, {"a": "1"})
        with transaction.atomic(using=store.using):
            store.put(CHANNEL, {"a": "2"})
            transaction.set_rollback(True, using=store.using)
        assert store.since(CHANNEL, None).position == before

    def test_put_under_manual_transaction_management_is_told_at_once(self, store: DatabaseStore):
        """Django refuses to register what a commit calls while autocommit is off. Polls find what
        could not be read yet."""
        store.put(CHANNEL, {"a": "1"})
        told: list[object] = []

        def receive(position: object, **_: Any) -> None:
            told.append(position)

        stored.connect(receive)
        transaction.set_autocommit(False, using=store.using)
        try:
            after = store.put(CHANNEL, {"a": "2"})
            store.notify(CHANNEL)
            assert told == [after]
            transaction.commit(using=store.using)
        finally:
            transaction.set_autocommit(True, using=store.using)
            stored.disconnect(receive)

    async def test_lost_connection_reopened(self, store: DatabaseStore):
        position = await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": "1"})
        await store.aheads([CHANNEL])
        await store._in_thread(break_connection, store.using)
        with pytest.raises(DatabaseError) as lost:
            await store.asince(CHANNEL, None)
        assert store.is_unavailable(lost.value) or "closed database" in str(lost.value)
        assert (await store.asince(CHANNEL, None)).position == position

    def test_refused_value_does_not_count_as_outage(
        self, store: DatabaseStore, monkeypatch: pytest.MonkeyPatch
    ):
        """Regression: one value that a column could not hold counted as a store that is down, and
        ended every signed-in stream of the process. Only a failure of the connection counts."""
        refused: list[Exception] = []
        monkeypatch.setattr(
            "dashboards.live.stores.base.fit", lambda channel, frames, limit: frames
        )
        for frames in ({"s": Points("base", ["1"], 2**70)}, {"k" * 70_000: "x"}, {"a": None}):
            try:
                store.put(CHANNEL, frames)  # type: ignore[arg-type]
            except Exception as error:  # noqa: BLE001 - each database raises its own
                refused.append(error)
        assert refused
        assert not [error for error in refused if store.is_unavailable(error)]
        with connections[store.using].cursor() as cursor, pytest.raises(DatabaseError) as missing:
            cursor.execute("SELECT nothing FROM nowhere")
        assert not store.is_unavailable(missing.value)

    @pytest.mark.parametrize(
        ("which", "fields", "shows"),
        [
            ({"key": "a"}, {"version": 999}, "b s"),
            ({"key": "a"}, {"key": "a\nid: 5"}, "b s"),
            ({"key": "a"}, {"key": ""}, "b s"),
            ({"key": "s", "number": 0}, {"version": 999}, "a b"),
            ({"key": "s", "number": 0}, {"keep": 0}, "a b s"),
            ({"key": "s", "number": 0}, {"key": "gone"}, "a b"),
            ({"key": "s", "number__gt": 0}, {"keep": 0}, "a b s"),
            ({"key": "s", "number__gt": 0}, {"data": "{not json"}, "a b s"),
            ({"key": "s", "number": 2}, {"number": 2**63 - 1}, "a b s"),
            ({"key": "s", "number": 4}, {"version": 999}, "a b s"),
        ],
    )
    def test_damaged_frame_affects_only_its_component_until_next_put(
        self, store: DatabaseStore, which: dict[str, Any], fields: dict[str, Any], shows: str
    ):
        """Regression: one damaged frame stopped all reads of its channel. It affects its own
        component (at most its channel), and the next put repairs it."""
        assert_damage_repaired(
            store, lambda: Frame.objects.using(store.using).filter(**which).update(**fields), shows
        )

    @pytest.mark.parametrize(
        "fields",
        [{"epoch": ""}, {"epoch": "A b"}, {"version": 10**18}, {"version": 2**63 - 1}],
    )
    def test_damaged_channel_starts_new_epoch_with_next_put(
        self, store: DatabaseStore, fields: dict[str, Any]
    ):
        """Regression: a channel that had lost its epoch, or whose version could not grow, accepted
        no put. It reads as a channel without puts until the next put. Other channels are not
        affected."""
        rows = Channel.objects.using(store.using).filter(name=CHANNEL)
        assert_damage_repaired(store, lambda: rows.update(**fields), "")


class TestSQLite(DatabaseContract):
    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": tmp_path_factory.mktemp("contract") / "contract.sqlite3",
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "timeout": 20},
        }

    @pytest.mark.parametrize(
        ("sql", "shows"),
        [
            ("UPDATE dashboards_frame SET version = 'abc' WHERE key = 'a'", "b s"),
            ("UPDATE dashboards_frame SET data = x'00ff' WHERE key = 'a'", "b s"),
            ("UPDATE dashboards_frame SET data = CAST(x'ff80' AS TEXT) WHERE key = 'a'", "b s"),
            (
                "UPDATE dashboards_frame SET data = CAST(x'ff80' AS TEXT) WHERE key||number = 's0'",
                "a b",
            ),
            ("UPDATE dashboards_frame SET number = 'abc' WHERE key = 's' AND number = 3", "a b s"),
            ("UPDATE dashboards_frame SET keep = 'abc' WHERE key = 's'", "a b"),
            ("UPDATE dashboards_frame SET key = CAST(x'ff80' AS TEXT) WHERE key = 'a'", "b s"),
            ("UPDATE dashboards_channel SET updated_at = 'never'", "a b s"),
            ("UPDATE dashboards_channel SET updated_at = '2026-13-45 00:00:00'", "a b s"),
            ("UPDATE dashboards_channel SET version = 'abc' WHERE name = 'shop.orders'", ""),
            (
                "UPDATE dashboards_channel SET epoch = CAST(x'ff' AS TEXT) WHERE name LIKE '%ders'",
                "",
            ),
        ],
    )
    def test_row_with_invalid_types_affects_only_its_component(
        self, store: DatabaseStore, sql: str, shows: str
    ):
        """SQLite stores values of any type, and one row that was not UTF-8 stopped every read of
        its channel. All readable rows are shown, and the next put repairs the rest."""

        def damage() -> None:
            with connections[store.using].cursor() as cursor:
                cursor.execute("PRAGMA ignore_check_constraints = ON")
                cursor.execute(sql)  # without parameters, so that % is no placeholder
                cursor.execute("PRAGMA ignore_check_constraints = OFF")

        assert_damage_repaired(store, damage, shows)

    def test_unreadable_row_repaired_with_receiver_for_all_deletions(self, store: DatabaseStore):
        """With a receiver for deletions of all models, as audit packages have one, Django reads
        rows before it deletes them. So unreadable rows could not be deleted either."""

        def listen(**kwargs: Any) -> None:
            pass

        def damage() -> None:
            with connections[store.using].cursor() as cursor:
                cursor.execute(
                    "UPDATE dashboards_frame SET data = CAST(x'ff80' AS TEXT) "
                    "WHERE key = 's' AND number = 0"
                )

        post_delete.connect(listen)
        try:
            assert_damage_repaired(store, damage, "a b")
        finally:
            post_delete.disconnect(listen)

    def test_damaged_lease_acquired_again(self, store: DatabaseStore):
        store.acquire_lease("work", 60)
        with connections[store.using].cursor() as cursor:
            cursor.execute("UPDATE dashboards_lease SET until = 'abc'")
        assert not store.acquire_lease("work", 60)
        assert store.acquire_lease("work", 60)

    def test_locked_or_missing_file_counts_as_outage(self, alias: str, tmp_path: Path):
        store = DatabaseStore({"using": alias})
        with sqlite3.connect(connections.settings[alias]["NAME"]) as other:
            connections[alias].cursor().execute("PRAGMA busy_timeout=1")
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseError, match="locked") as locked:
                store.put(CHANNEL, {"a": "1"})
        other.close()
        assert store.is_unavailable(locked.value)
        connections[alias].close()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(connections[alias].settings_dict, "NAME", tmp_path / "no" / "such.db")
            with pytest.raises(DatabaseError, match="unable to open") as missing:
                store.since(CHANNEL, None)
            connections[alias].close()
        assert store.is_unavailable(missing.value)
        store.close()


class TestPostgreSQL(DatabaseContract):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls) -> Iterator[PostgreSQLServer]:
        with postgresql() as server:
            yield server

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, server: PostgreSQLServer) -> dict[str, Any]:
        return server.database

    def test_poll_interval_longer_with_notifications(self, store: DatabaseStore):
        """An open page shows the newest value within two seconds after a lost notification."""
        assert store.poll_seconds == 2

    async def test_listener_reconnects_after_server_restart(
        self, store: DatabaseStore, store_settings: dict[str, Any], server: PostgreSQLServer
    ):
        """After the fault ends, every open page soon shows the newest value."""
        before = await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": "before"})
        async with listening(store) as received:
            await wait_for_other_process(received, store_settings)
            await store.aheads([CHANNEL])
            await asyncio.to_thread(server.restart)
            await wait_for_other_process(received, store_settings)
        with pytest.raises(DatabaseError) as restarted:
            await store.aheads([CHANNEL])
        assert store.is_unavailable(restarted.value)
        changes = await store.asince(CHANNEL, before)
        assert set(values_by_key(changes)) == {"elsewhere"}
        assert changes.position
        assert changes.position.knows(before)

    async def test_store_without_notify_driver_polls(
        self, alias: str, monkeypatch: pytest.MonkeyPatch
    ):
        """An open page shows the newest value with psycopg 2, too."""
        monkeypatch.setattr("django.db.backends.postgresql.psycopg_any.is_psycopg3", False)
        store = DatabaseStore({"using": alias})
        assert store.poll_seconds == 0.25
        async with listening(store) as received:
            await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": "1"})
            assert await asyncio.wait_for(received.get(), 5) == CHANNEL
        store.close()

    async def test_put_without_listener_read_at_once_after_reconnect(
        self, alias: str, twin: DatabaseStore
    ):
        """Regression: after a reconnect an open page waited for the next poll."""

        def cut_and_put() -> None:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN%%'"
                )
            twin.put(CHANNEL, {"a": "unheard"})

        store = DatabaseStore({"using": alias, "poll_seconds": 60})
        async with reading(store) as (reader, begun):
            await asyncio.wait_for(begun.wait(), 10)
            await asyncio.to_thread(call_and_close, cut_and_put)
            await shows(reader, "unheard")
        store.close()

    def test_database_without_all_characters_warns_w053(self, store: DatabaseStore, alias: str):
        assert store.check_tables() == ()
        with connections[alias].cursor() as cursor:
            cursor.execute("CREATE DATABASE narrow TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
        connections[alias].close()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(connections[alias].settings_dict, "NAME", "narrow")
            patch.setattr(
                connections[alias].introspection,
                "table_names",
                lambda: ["dashboards_channel", "dashboards_frame", "dashboards_lease"],
            )
            [message] = store.check_tables()
            connections[alias].close()
        assert message.id == "dashboards.W053"
        assert message.msg.endswith(
            "whose character set is LATIN1: it refuses values with characters that this lacks, "
            "such as emoji."
        )

    def test_unreachable_server_counts_as_outage(self, alias: str, tmp_path: Path):
        assert _cannot_connect(alias, HOST=str(tmp_path))


class TestMariaDB(DatabaseContract):
    driver = "tests.mariadb"

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls) -> Iterator[dict[str, Any]]:
        with mariadb() as database:
            yield database

    @pytest.fixture(scope="class")
    @classmethod
    def database(cls, server: dict[str, Any]) -> dict[str, Any]:
        return dict(server)

    @pytest.mark.parametrize("narrow", ["latin1", "utf8mb3"])
    def test_tables_without_all_characters_warn_w053(
        self, store: DatabaseStore, alias: str, narrow: str
    ):
        """Each value with an emoji was refused by such tables, and ``check`` was silent."""
        assert store.check_tables() == ()
        change = "ALTER TABLE dashboards_frame MODIFY data LONGTEXT CHARACTER SET"
        with connections[alias].cursor() as cursor:
            cursor.execute(f"{change} {narrow} NOT NULL")
            try:
                [message] = store.check_tables()
            finally:
                cursor.execute(f"{change} utf8mb4 NOT NULL")
        connections[alias].close()
        assert message.id == "dashboards.W053"
        assert message.msg.endswith(
            f"whose character set is {narrow}: it refuses values with characters that this lacks, "
            "such as emoji."
        )
        assert f"migrate --database {alias} dashboards zero" in str(message.hint)
        assert f"and manage.py migrate --database {alias}, which" in str(message.hint)

    def test_other_apps_table_without_all_characters_warns_not(
        self, store: DatabaseStore, alias: str
    ):
        """The check looked at all tables whose names begin as those of this package do."""
        with connections[alias].cursor() as cursor:
            cursor.execute("CREATE TABLE dashboards_of_others (name TEXT CHARACTER SET latin1)")
            try:
                assert store.check_tables() == ()
            finally:
                cursor.execute("DROP TABLE dashboards_of_others")
        connections[alias].close()

    def test_unreachable_server_counts_as_outage(self, alias: str):
        assert _cannot_connect(alias, OPTIONS={}, HOST="127.0.0.1", PORT=str(free_port()))

    async def test_long_lived_connection_reads_new_rows(
        self, server: dict[str, Any], store: DatabaseStore
    ):
        """An open page shows the newest value: the hub's connection keeps no old snapshot."""
        for n in range(3):
            head = await asyncio.to_thread(call_and_close, store.put, CHANNEL, {"a": str(n)})
            assert await store.aheads([CHANNEL]) == {CHANNEL: head}
            assert values_by_key(await store.asince(CHANNEL, None)) == {"a": str(n)}


class TestRedis(SharedStoreContract):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls) -> Iterator[RedisServer]:
        with redis_server() as server:
            yield server

    @pytest.fixture
    def options(self, server: RedisServer, wipe: Callable[[], None]) -> dict[str, Any]:
        wipe()
        return {"url": server.url, "timeout": 2}

    @pytest.fixture
    def store(self, options: dict[str, Any]) -> Iterator[RedisStore]:
        store = RedisStore(options)
        yield store
        store.close()

    @pytest.fixture
    def twin(self, options: dict[str, Any]) -> Iterator[RedisStore]:
        store = RedisStore(options)
        yield store
        store.close()

    @pytest.fixture
    def store_settings(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"BACKEND": "dashboards.live.stores.redis.RedisStore", "OPTIONS": options}

    @pytest.fixture
    def wipe(self, server: RedisServer) -> Callable[[], None]:
        def flush() -> None:
            with server.client() as client:
                client.flushall()

        return flush

    async def test_server_restarted_without_data_recovers(
        self, store: RedisStore, store_settings: dict[str, Any], server: RedisServer
    ):
        """After the fault ends, every open page soon shows the newest value."""
        before = await asyncio.to_thread(store.put, CHANNEL, {"a": "before"})
        async with listening(store) as received:
            await wait_for_other_process(received, store_settings)
            server.kill()
            with pytest.raises(redis.RedisError) as killed:
                await store.asince(CHANNEL, before)
            assert store.is_unavailable(killed.value)
            with pytest.raises(redis.RedisError) as killed:
                await asyncio.to_thread(store.put, CHANNEL, {"a": "lost"})
            assert store.is_unavailable(killed.value)
            await asyncio.to_thread(server.start)
            assert await store.asince(CHANNEL, before) == Changes(None, ())
            after = await asyncio.to_thread(store.put, CHANNEL, {"a": "after"})
            assert after.epoch != before.epoch
            assert values_by_key(await store.asince(CHANNEL, before)) == {"a": "after"}
            await wait_for_other_process(received, store_settings)

    def test_server_restarted_with_old_data_starts_new_epoch(
        self, store: RedisStore, server: RedisServer
    ):
        """Every page shows the newest value: no version number is used for two values."""
        store.put(CHANNEL, {"a": "1", "kept": "1"})
        with server.client() as client:
            client.save()
        seen = store.put(CHANNEL, {"a": "seen, then lost"})
        server.kill()
        server.start(saved=True)
        assert values_by_key(store.since(CHANNEL, seen)) == {"a": "1", "kept": "1"}
        store.put(CHANNEL, {"b": "2"})
        head = store.put(CHANNEL, {"b": "3"})
        assert head.version > seen.version
        assert values_by_key(store.since(CHANNEL, seen)) == {"a": "1", "kept": "1", "b": "3"}
        assert head.epoch != seen.epoch

    async def test_dropped_connections_reopened(
        self, store: RedisStore, store_settings: dict[str, Any], server: RedisServer
    ):
        """After the fault ends, every open page soon shows the newest value."""
        async with listening(store) as received:
            await wait_for_other_process(received, store_settings)
            position = await asyncio.to_thread(store.put, CHANNEL, {"a": "1"})
            assert (await store.asince(CHANNEL, None)).position == position
            with server.client() as client:
                for kind in ("normal", "pubsub"):
                    client.client_kill_filter(_type=kind, skipme=True)
            assert (await store.asince(CHANNEL, None)).position == position
            assert store.since(CHANNEL, None).position == position
            await wait_for_other_process(received, store_settings)

    async def test_put_without_listener_read_at_once_after_reconnect(
        self, options: dict[str, Any], twin: RedisStore, server: RedisServer
    ):
        """Regression: after a reconnect an open page waited for the next poll."""
        store = RedisStore({**options, "poll_seconds": 60})
        async with reading(store) as (reader, begun):
            await asyncio.wait_for(begun.wait(), 10)
            # Before this event loop can listen again.
            with server.client() as client:
                client.client_kill_filter(_type="pubsub")
            twin.put(CHANNEL, {"a": "unheard"})
            await shows(reader, "unheard")
        store.close()

    async def test_hanging_server_detected_and_reconnected(
        self, options: dict[str, Any], store_settings: dict[str, Any], server: RedisServer
    ):
        """After the fault ends, every open page shows the newest value, and no call waits for
        ever."""
        store = RedisStore({**options, "timeout": 0.2})
        async with listening(store) as received:
            await wait_for_other_process(received, store_settings)
            with server.paused():
                with pytest.raises((redis.RedisError, TimeoutError)) as hung:
                    await store.asince(CHANNEL, None)
                assert store.is_unavailable(hung.value)
                with pytest.raises(redis.RedisError):
                    await asyncio.to_thread(store.heads, [CHANNEL])
            await wait_for_other_process(received, store_settings)
        store.close()

    async def test_listen_cancelled_closes_connections(
        self, store: RedisStore, server: RedisServer
    ):
        """A hub without subscribers leaves no connection open."""
        async with listening(store), listening(store):
            await store.asince(CHANNEL, None)
        await store.asince(CHANNEL, None)
        assert not store._connections._loops
        with server.client() as client:
            await asyncio.to_thread(wait_for, lambda: len(client.client_list()) == 1)

    async def test_read_outlasting_listen_closes_connection(
        self, store: RedisStore, server: RedisServer
    ):
        """A hub without subscribers leaves no connection open, in whichever moment the last one
        leaves."""
        for moments in range(40):
            async with listening(store):
                reads = [asyncio.create_task(store.asince(CHANNEL, None)) for _ in range(3)]
                for _ in range(moments):
                    await asyncio.sleep(0)
            await asyncio.gather(*reads)
        with server.client() as client:
            await asyncio.to_thread(wait_for, lambda: len(client.client_list()) == 1)

    @pytest.mark.parametrize("lost", ["data", "versions"])
    def test_partly_lost_channel_counts_as_lost(
        self, store: RedisStore, server: RedisServer, lost: str
    ):
        """Every live component: an incomplete state is never taken for the whole."""
        before = store.put(CHANNEL, {"a": "1"})
        with server.client() as client:
            client.delete(f"dashboards:{lost}:{CHANNEL}")
        assert store.since(CHANNEL, None) == Changes(None, ())
        assert store.heads([CHANNEL]) == {}
        after = store.put(CHANNEL, {"b": "2"})
        assert after.epoch != before.epoch
        assert values_by_key(store.since(CHANNEL, before)) == {"b": "2"}

    def test_unused_channel_expires(self, options: dict[str, Any]):
        """An expired channel is answered with the whole state, never with "up to date"."""
        store = RedisStore({**options, "keep_seconds": 0.2})
        before = store.put(CHANNEL, {"a": "1"})
        wait_for(lambda: store.heads([CHANNEL]) == {})
        assert store.put(CHANNEL, {"b": "2"}).epoch != before.epoch
        assert values_by_key(store.since(CHANNEL, before)) == {"b": "2"}
        store.close()

    def test_channel_read_does_not_expire(self, store: RedisStore, server: RedisServer):
        """Every open page: its streams and reconnections keep its channel."""
        store.put(CHANNEL, {"a": "1"})
        keys = [f"dashboards:{part}:{CHANNEL}" for part in ("data", "versions")]
        with server.client() as client:
            for key in keys:
                client.pexpire(key, 60_000)
            store.since(CHANNEL, None)
            assert {client.ttl(key) // 86400 for key in keys} <= {29, 30}

    def test_write_refused_by_redis_does_not_count_as_outage(
        self, store: RedisStore, server: RedisServer
    ):
        """Regression: a Redis that is full counted as one that is down. Its answer shows that it
        can be reached."""
        store.put(CHANNEL, {"a": "1"})
        with server.client() as client:
            client.config_set("maxmemory", "1")
            try:
                with pytest.raises(redis.RedisError, match="maxmemory") as full:
                    store.put(CHANNEL, {"a": "2"})
            finally:
                client.config_set("maxmemory", "0")
        assert not store.is_unavailable(full.value)
        assert not store.is_unavailable(redis.exceptions.MaxConnectionsError())
        for down in (
            redis.exceptions.BusyLoadingError(),
            redis.exceptions.MasterDownError("MASTERDOWN"),
            redis.ResponseError("BUSY Redis is busy running a script."),
        ):
            assert store.is_unavailable(down)

    @pytest.mark.parametrize(
        ("command", "shows"),
        [
            ("ZADD versions 999 =a", "b s"),
            ("ZADD versions 1.5 =a", "b s"),
            ("HDEL data =a", "b s"),
            ("HSET data =a \xff\x80", "a b s"),
            ("ZADD versions 1 another", "a b s"),
            ("ZADD versions 1 +short", "a b s"),
            ("ZADD versions 999 =s", "a b"),
            ("HDEL data =s", "a b"),
            ("HDEL data +s0000000000000002", "a b s"),
            ("HSET data #s abc", "a b s"),
            ("HDEL data #s", "a b s"),
            ("HSET data #s 900000000000000 ~s 900000000000000", "a b s"),
            ("HSET data ~s abc", "a b s"),
            ("HSET data ~s 0", "a b s"),
            ("HDEL data put\\ at", "a b s"),
            ("HSET data put\\ at never", "a b s"),
            ("HDEL data empty", ""),
            ("HSET data empty \xff", ""),
            ("HSET data empty A", ""),
            ("ZREM versions empty", ""),
            ("ZADD versions 1e300 empty", ""),
            ("ZADD versions -5 empty", ""),
            ("SET data text", ""),
            ("SET versions text", ""),
        ],
    )
    def test_damaged_frame_affects_only_its_component_until_next_put(
        self, store: RedisStore, server: RedisServer, command: str, shows: str
    ):
        """Regression: one damaged frame stopped all reads of its channel. It affects its own
        component (at most its channel), and the next put repairs it."""

        def damage() -> None:
            names = {key: f"dashboards:{key}:{CHANNEL}" for key in ("data", "versions")}
            words = [
                word.replace("\\", " ").encode("latin-1")
                for word in command.replace("\\ ", "\\").split(" ")
            ]
            with server.client() as client:
                client.execute_command(
                    *(
                        b"" if word == b"empty" else names.get(word.decode("latin-1"), word)
                        for word in words
                    )
                )

        assert_damage_repaired(store, damage, shows)

    def test_damaged_lease_acquired_again(self, store: RedisStore, server: RedisServer):
        with server.client() as client:
            for damage in (client.lpush, client.set):
                client.delete("dashboards:lease:work")
                damage("dashboards:lease:work", "nothing")
                assert not store.renew_lease("work", "nobody", 60)
                assert store.acquire_lease("work", 60)

    def test_read_only_server_is_read(self, store: RedisStore, server: RedisServer):
        """Regression: a Redis that could not save could not be read either, because a read extends
        the lifetime of its channel. Pages show the stored values."""
        head = store.put(CHANNEL, {"a": "1"})
        with server.client() as client:
            client.replicaof("127.0.0.1", 1)
            try:
                assert store.since(CHANNEL, None).position == head
                with pytest.raises(redis.ReadOnlyError) as refused:
                    store.put(CHANNEL, {"a": "2"})
                assert not store.is_unavailable(refused.value)
            finally:
                client.replicaof("NO", "ONE")

    def test_w058_server_that_keeps_nothing_on_disk(self, store: RedisStore, server: RedisServer):
        [message] = store.check_connection()
        assert message.id == "dashboards.W058"
        with server.client() as client:
            client.config_set("save", "3600 1")
            try:
                assert not store.check_connection()
            finally:
                client.config_set("save", "")

    def test_key_prefixes_separate_sites(self, options: dict[str, Any], store: RedisStore):
        """Nobody receives a value of another site that shares the server."""
        other = RedisStore({**options, "prefix": "other:"})
        other.put(CHANNEL, {"a": "1"})
        assert other.acquire_lease("work", 60)
        assert store.since(CHANNEL, None).position is None
        assert store.acquire_lease("work", 60)
        other.close()


@pytest.mark.parametrize(
    ("options", "id_", "message"),
    [
        ({"url": "redis://localhost", "ttl": 5}, "dashboards.E004", "Unknown OPTIONS.*: ttl"),
        ({"max_connections": 0}, "dashboards.E011", "a whole number above 0, got 0"),
        ({"max_connections": "20"}, "dashboards.E011", "a whole number above 0, got '20'"),
        ({"max_connections": True}, "dashboards.E011", "a whole number above 0, got True"),
        ({"url": "localhost:6379"}, "dashboards.E011", "'localhost:6379'"),
        ({"url": None}, "dashboards.E011", "None"),
        ({"timeout": 0}, "dashboards.E011", "'timeout'.*got 0"),
        ({"keep_seconds": "1 day"}, "dashboards.E011", "'keep_seconds'.*'1 day'"),
    ],
)
def test_invalid_redis_options_fail_check(options: dict[str, Any], id_: str, message: str):
    [error] = RedisStore(options).check()
    assert error.id == id_
    assert re.search(message, error.msg)
    assert error.hint


def test_redis_without_options_uses_defaults():
    assert RedisStore({}).check() == []


def test_missing_redis_package_error_gives_install_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.live.stores.redis.connections.INSTALLED", False)
    store = RedisStore({})
    [error] = store.check()
    assert error.id == "dashboards.E010"
    assert 'pip install "django-live-dashboards[redis]"' in (error.hint or "")
    with pytest.raises(ImproperlyConfigured, match=r"pip install .*\[redis\]"):
        store.put(CHANNEL, {"a": "1"})


class NotAStore:
    pass


@pytest.mark.parametrize(
    ("stores", "message"),
    [
        ({}, "'default'"),
        ({"default": {}}, "'BACKEND'"),
        ({"default": {"BACKEND": "nowhere.Store"}}, "cannot be imported"),
        (
            {"default": {"BACKEND": "tests.integration.test_stores.NotAStore"}},
            "subclass of BaseStore",
        ),
    ],
)
def test_invalid_store_backend_error_gives_reason(settings, stores: dict[str, Any], message: str):
    settings.DASHBOARDS = {"STORES": stores}
    with pytest.raises(ImproperlyConfigured, match=message):
        get_store()


def test_settings_select_store_and_process_shares_instance(settings):
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}
    }
    store: BaseStore = get_store()
    assert isinstance(store, MemoryStore)
    assert get_store() is store
    settings.DASHBOARDS = {}
    assert isinstance(get_store(), DatabaseStore)
