"""The stores against their contract, the databases being real."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connections, transaction

from dashboards.live.stores import get_store
from dashboards.live.stores.base import BaseStore
from dashboards.live.stores.database import DatabaseStore
from dashboards.live.stores.memory import MemoryStore
from dashboards.models import Channel
from tests.postgres import postgresql
from tests.store_contract import CHANNEL, StoreContract, hearing, let_go


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore({})

    @pytest.fixture
    def wipe(self, store: MemoryStore) -> Callable[[], None]:
        return store._channels.clear


def break_connection(alias: str) -> None:
    connections[alias].connection.close()


class DatabaseContract(StoreContract):
    """What only a database can promise. A subclass provides the fixture ``database``."""

    @pytest.fixture
    def alias(self, database: dict[str, Any], django_db_blocker: Any) -> Iterator[str]:
        """A database beside the test database, so that threads and rollbacks are real."""
        alias = "contract"
        connections.settings[alias] = connections.configure_settings(
            {"default": {}, alias: database}
        )[alias]
        with django_db_blocker.unblock():
            call_command("migrate", "dashboards", database=alias, verbosity=0)
            yield alias
            call_command("migrate", "dashboards", "zero", database=alias, verbosity=0)
            connections[alias].close()
            del connections[alias]
            del connections.settings[alias]

    @pytest.fixture
    def store(self, alias: str) -> Iterator[DatabaseStore]:
        store = DatabaseStore({"using": alias})
        yield store
        store.close()

    @pytest.fixture
    def wipe(self, alias: str) -> Callable[[], None]:
        def delete() -> None:
            Channel.objects.using(alias).all().delete()

        return delete

    def test_a_put_that_is_rolled_back_never_was(self, store: DatabaseStore):
        before = store.put(CHANNEL, {"a": "1"})
        with transaction.atomic(using=store.using):
            store.put(CHANNEL, {"a": "2"})
            transaction.set_rollback(True, using=store.using)
        assert store.since(CHANNEL, None).position == before

    async def test_other_processes_hear_of_a_put(self, store: DatabaseStore):
        # Another instance is to this one what another process's is: they share only the wire.
        other = DatabaseStore({"using": store.using})
        async with hearing(other) as heard:
            await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
            assert await asyncio.wait_for(heard.get(), 5) == CHANNEL
        other.close()

    async def test_a_lost_connection_is_opened_anew(self, store: DatabaseStore):
        position = await asyncio.to_thread(let_go, store.put, CHANNEL, {"a": "1"})
        await store.aheads([CHANNEL])
        await store._in_thread(break_connection, store.using)
        with pytest.raises(Exception, match=r"closed|terminat"):
            await store.asince(CHANNEL, None)
        assert (await store.asince(CHANNEL, None)).position == position


class TestSQLite(DatabaseContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> dict[str, Any]:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": tmp_path / "contract.sqlite3",
            "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "timeout": 20},
        }


class TestPostgreSQL(DatabaseContract):
    @pytest.fixture(scope="class")
    @classmethod
    def server(cls) -> Iterator[dict[str, str]]:
        with postgresql() as database:
            yield database

    @pytest.fixture
    def database(self, server: dict[str, str]) -> dict[str, Any]:
        return dict(server)


class NotAStore:
    pass


@pytest.mark.parametrize(
    ("stores", "message"),
    [
        ({}, "'default'"),
        ({"default": {}}, "'BACKEND'"),
        ({"default": {"BACKEND": "nowhere.Store"}}, "cannot be imported"),
        ({"default": {"BACKEND": "tests.test_stores.NotAStore"}}, "subclass of BaseStore"),
    ],
)
def test_a_store_that_cannot_be_made_says_why(settings, stores: dict[str, Any], message: str):
    settings.DASHBOARDS = {"STORES": stores}
    with pytest.raises(ImproperlyConfigured, match=message):
        get_store()


def test_settings_choose_the_store_and_one_instance_serves_the_process(settings):
    settings.DASHBOARDS = {
        "STORES": {"default": {"BACKEND": "dashboards.live.stores.memory.MemoryStore"}}
    }
    store: BaseStore = get_store()
    assert isinstance(store, MemoryStore)
    assert get_store() is store
    settings.DASHBOARDS = {}
    assert isinstance(get_store(), DatabaseStore)
