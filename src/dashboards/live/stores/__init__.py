"""Where live state is kept. ``get_store()`` is the door; one file a backend."""

from dashboards.live.stores.handler import get_store

__all__ = ["get_store"]
