"""Stores by alias, as in ``CACHES``: one instance for each process."""

import os
import threading
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from dashboards import conf
from dashboards.live.stores.base import BaseStore


class _Stores(dict[str, BaseStore]):
    """The stores by alias. One that is missing is made."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def __missing__(self, alias: str) -> BaseStore:
        with self._lock:  # Several threads may be here at once.
            store = self.get(alias)
            if store is None:
                store = self[alias] = _make(alias)
            return store

    def close(self) -> None:
        """Close all stores. They are made anew when they are needed."""
        with self._lock:
            for store in self.values():
                store.close()
            self.clear()

    def forget(self) -> None:
        """Drop all stores of the parent, in a process that was forked."""
        self._lock = threading.Lock()  # Another thread of the parent may have had it.
        self.clear()


stores = _Stores()
"""This process's stores by alias. A subscript costs a push less than a call."""


def get_store(alias: str = "default") -> BaseStore:
    """Return this process's store of that alias.

    Raises:
        ImproperlyConfigured: ``DASHBOARDS["STORES"]`` does not describe it.
    """
    return stores[alias]


def _make(alias: str) -> BaseStore:
    where = f"DASHBOARDS['STORES'][{alias!r}]"
    declared = conf.get("STORES")
    entry = declared.get(alias) if isinstance(declared, Mapping) else None
    if not isinstance(entry, Mapping) or not isinstance(entry.get("BACKEND"), str):
        msg = f"{where} must be a dict with a dotted path under 'BACKEND', got {entry!r}."
        raise ImproperlyConfigured(msg)
    try:
        backend = import_string(entry["BACKEND"])
    except ImportError as error:
        msg = f"{where}['BACKEND'] cannot be imported: {error}."
        raise ImproperlyConfigured(msg) from error
    if not (isinstance(backend, type) and issubclass(backend, BaseStore)):
        msg = f"{where}['BACKEND'] must name a subclass of BaseStore, got {backend!r}."
        raise ImproperlyConfigured(msg)
    return backend(entry.get("OPTIONS", {}))


def _reset(**kwargs: Any) -> None:
    """Close all stores when a test overrides the setting."""
    if kwargs["setting"] == conf.SETTING:
        stores.close()


setting_changed.connect(_reset, dispatch_uid="dashboards.live.stores")
# In a forked process a store's threads do not exist, and its sockets belong to the parent.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=stores.forget)
