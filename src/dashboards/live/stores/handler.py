"""Stores by alias, as in ``CACHES``: one instance for each process."""

import os
import threading
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from dashboards import conf
from dashboards.live.stores.base import BaseStore

_stores: dict[str, BaseStore] = {}
_lock = threading.Lock()


@cache
def get_store(alias: str = "default") -> BaseStore:
    """Return this process's store of that alias.

    Raises:
        ImproperlyConfigured: ``DASHBOARDS["STORES"]`` does not describe it.
    """
    # Several threads may be here at once, and a call may leave out the default.
    with _lock:
        return _stores.get(alias) or _stores.setdefault(alias, _make(alias))


def _make(alias: str) -> BaseStore:
    where = f"DASHBOARDS['STORES'][{alias!r}]"
    stores = conf.get("STORES")
    entry = stores.get(alias) if isinstance(stores, Mapping) else None
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
        for store in _stores.values():
            store.close()
        _forget()


def _forget() -> None:
    _stores.clear()
    get_store.cache_clear()


setting_changed.connect(_reset, dispatch_uid="dashboards.live.stores")
# In a forked process a store's threads do not exist, and its sockets belong to the parent.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
