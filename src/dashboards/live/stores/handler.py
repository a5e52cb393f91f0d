"""Stores by alias, in the manner of ``CACHES``: one instance a process."""

import os
import threading
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from dashboards import conf
from dashboards.live.stores.base import BaseStore

_stores: dict[str, BaseStore] = {}
_lock = threading.Lock()


def get_store(alias: str = "default") -> BaseStore:
    """Return this process's store of that alias.

    Raises:
        ImproperlyConfigured: when ``DASHBOARDS["STORES"]`` does not describe one.
    """
    store = _stores.get(alias)
    if store is None:
        with _lock:
            store = _stores.get(alias) or _stores.setdefault(alias, _make(alias))
    return store


def _make(alias: str) -> BaseStore:
    where = f"DASHBOARDS['STORES'][{alias!r}]"
    try:
        entry = conf.get("STORES")[alias]
        backend = import_string(entry["BACKEND"])
    except KeyError as error:
        msg = f"{where} must be a dict with a BACKEND: {error} is missing."
        raise ImproperlyConfigured(msg) from error
    except ImportError as error:
        msg = f"{where}['BACKEND'] cannot be imported: {error}."
        raise ImproperlyConfigured(msg) from error
    if not (isinstance(backend, type) and issubclass(backend, BaseStore)):
        msg = f"{where}['BACKEND'] must name a subclass of BaseStore, got {backend!r}."
        raise ImproperlyConfigured(msg)
    return backend(entry.get("OPTIONS", {}))


def _forget(**kwargs: Any) -> None:
    if kwargs.get("setting") in {None, conf.SETTING}:
        _stores.clear()


setting_changed.connect(_forget, dispatch_uid="dashboards.live.stores")
# Threads and sockets of a store do not survive a fork: the child makes its own.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
