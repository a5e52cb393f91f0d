"""``push``: new values from any process to every open page, after commit."""

from functools import partial
from typing import Any, Protocol

from asgiref.sync import sync_to_async
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from dashboards.live.frames import Points
from dashboards.live.stores import get_store


class Publishable(Protocol):
    """What can be pushed to: it knows its channel and renders its own values."""

    @property
    def channel(self) -> str:
        """Where its readers listen."""

    def prepare_pushed(self, key: str, value: Any) -> Any:
        """Check a value and return it ready to be rendered; raise where it cannot be pushed."""

    def get_event(self, key: str) -> str:
        """Return the name of the component's frames."""

    def render_pushed(self, key: str, value: Any) -> str | Points:
        """Render what ``prepare_pushed`` returned."""


_NOTHING: Any = object()


def push(
    dashboard: Publishable | type[Publishable],
    key: str | None = None,
    value: Any = _NOTHING,
    /,
    **values: Any,
) -> None:
    """Store new values of live components and tell every open page.

    Call it from anywhere: a view, a signal, a task, a shell, a management command. Inside a
    transaction it takes effect on commit, and not at all on rollback. Values pushed in one call
    arrive together, in one version.

    Args:
        dashboard: a dashboard class, or an instance (of one object, or for one user, say).
        key: the component's key, where one value is pushed.
        value: its value.
        **values: several values by key.

    Raises:
        UnknownComponentError: the dashboard has no component of that key.
        NotLiveError: the component is not live.
        ComponentValueError: its value is none that the component can show.
        TypeError: neither a key with its value nor values were given, or a key twice.
    """
    target = dashboard() if isinstance(dashboard, type) else dashboard
    if key is not None:
        if value is _NOTHING:
            msg = f"push(…, {key!r}) needs the value as its third argument."
            raise TypeError(msg)
        if key in values:
            msg = f"push(…, {key!r}, …, {key}=…) names one key twice."
            raise TypeError(msg)
        values[key] = value
    if not values:
        msg = "push() needs a key and a value, or values by key."
        raise TypeError(msg)
    prepared = {name: target.prepare_pushed(name, each) for name, each in values.items()}
    publish = partial(_publish, target, prepared)
    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        transaction.on_commit(publish)
    else:
        publish()


async def apush(
    dashboard: Publishable | type[Publishable],
    key: str | None = None,
    value: Any = _NOTHING,
    /,
    **values: Any,
) -> None:
    """Do as ``push``, from async code."""
    await sync_to_async(push)(dashboard, key, value, **values)


def _publish(target: Publishable, prepared: dict[str, Any]) -> None:
    # Rendered now, not when pushed: what a value refers to is committed by now.
    frames = {
        target.get_event(key): target.render_pushed(key, value) for key, value in prepared.items()
    }
    get_store().put(target.channel, frames)
