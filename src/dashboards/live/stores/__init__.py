"""Stores of live state. ``get_store()`` returns the one that the settings name."""

from dashboards.live.stores.handler import get_store, stores

__all__ = ["get_store", "stores"]
