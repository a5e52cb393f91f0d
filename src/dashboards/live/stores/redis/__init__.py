"""State in Redis: every process of every host that reaches it can push and read."""

from dashboards.live.stores.redis.store import RedisStore

__all__ = ["RedisStore"]
