"""Checks of the stores of live state, and of their tables."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from dashboards import conf
from dashboards.live.stores import get_store
from dashboards.live.stores.base import BaseStore
from dashboards.live.stores.memory import MemoryStore


@register("dashboards")
def check_store(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that each store can be used as it is configured."""
    if not isinstance(conf.user_settings(), dict):
        return ()  # Reported by check_settings.
    stores = conf.get("STORES")
    messages: list[CheckMessage] = []
    for alias in dict.fromkeys(("default", *(stores if isinstance(stores, dict) else ()))):
        try:
            found = get_store(alias).check()
        except ImproperlyConfigured as error:
            found = [
                Error(
                    str(error),
                    hint=f"The default is {conf.DEFAULTS['STORES']!r}.",
                    id="dashboards.E003",
                )
            ]
        messages += [each for each in found if each not in messages]
    return messages


@register(Tags.database)
def check_tables(
    databases: Sequence[str] | None = None,
    **kwargs: Any,  # noqa: ARG001
) -> Sequence[CheckMessage]:
    """Check that the tables of each store are in the database that it uses."""
    messages: list[CheckMessage] = []
    if sys.argv[1:2] == ["migrate"]:
        return messages  # This command creates them.
    for store in _get_stores():
        if getattr(store, "using", None) in (databases or ()):
            messages += store.check_tables()
    return messages


@register("dashboards")
def check_autocommit(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that autocommit is on: Django commits, and tells of commits."""
    messages: list[CheckMessage] = []
    used = {getattr(store, "using", None) for store in _get_stores()}
    for alias, database in connections.settings.items():
        if database["AUTOCOMMIT"]:
            continue
        where = f"DATABASES[{alias!r}]['AUTOCOMMIT'] is False"
        if alias in used:
            messages.append(
                Error(
                    f"{where}, so nothing commits what DatabaseStore writes there.",
                    hint="Leave AUTOCOMMIT out, or name another database in OPTIONS['using'].",
                    id="dashboards.E056",
                )
            )
            continue
        messages.append(
            Warning(
                f"{where}, so Django tells of no commit. Pushes and changes of access take effect "
                "when they are made: pages may show what is rolled back, and a stream that ends "
                "may be opened again until the commit.",
                hint=(
                    "Leave AUTOCOMMIT out, and use ATOMIC_REQUESTS or transaction.atomic(). Or "
                    "call push() and revoke() after each commit."
                ),
                id="dashboards.W055",
            )
        )
    return messages


def _get_stores() -> Iterator[BaseStore]:
    """Yield the stores that can be made. The others are reported by ``check_store``."""
    stores = conf.get("STORES")
    for alias in stores if isinstance(stores, dict) else ():
        with suppress(ImproperlyConfigured):
            yield get_store(alias)


@register("dashboards", deploy=True)
def check_connections(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that the server of each store answers, where the store has one."""
    messages: list[CheckMessage] = []
    for store in _get_stores():
        messages += () if store.check() else store.check_connection()
    return messages


@register("dashboards", deploy=True)
def check_memory(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Warn of ``MemoryStore``: no other process shows what one process keeps in memory."""
    try:
        store = get_store()
    except ImproperlyConfigured:
        return ()  # Reported by check_store.
    if not isinstance(store, MemoryStore):
        return ()
    return [
        Warning(
            "Live state is kept by MemoryStore, in the memory of one process: pages miss what "
            "another one (a worker, a task, a management command) pushes, and a logout there.",
            hint=(
                "Use DatabaseStore, the default, or RedisStore. Where one process is all there is, "
                "add this id to SILENCED_SYSTEM_CHECKS."
            ),
            id="dashboards.W041",
        )
    ]
