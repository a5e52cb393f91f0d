"""``push``: new values from any process to every open page, after commit."""

from collections.abc import Mapping
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
    arrive together, in one version; one that cannot be rendered or stored does not keep the others
    out.

    An error after a commit is logged by Django and not raised: what was saved stays saved, and what
    else waits for that commit goes on.

    Args:
        dashboard: a dashboard class, or an instance (of one object, or for one user, say).
        key: the component's key, where one value is pushed.
        value: its value.
        **values: several values by key.

    Raises:
        UnknownComponentError: the dashboard has no component of that key.
        NotLiveError: the component is not live.
        ComponentValueError: its value is none that the component can show.
        ValueTooLargeError: it is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``. Text is measured at
            once; what is too long only when it is rendered is told then.
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

    def publish() -> None:
        _publish(target, prepared)

    if connections[DEFAULT_DB_ALIAS].in_atomic_block:
        transaction.on_commit(publish, robust=True)
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


def _publish(target: Publishable, prepared: Mapping[str, Any]) -> None:
    """Render and store; a value that fails does not keep the others out.

    Raises:
        Exception: why the first value that failed was refused, with notes of the others.
    """
    store = get_store()
    frames: dict[str, str | Points] = {}
    failed: dict[str, Exception] = {}
    for key, value in prepared.items():
        # Rendered now, not when pushed: what a value refers to is committed by now.
        try:
            frames[target.get_event(key)] = target.render_pushed(key, value)
        except Exception as error:
            # One that is for some viewers only is stored while it is rendered.
            if store.is_unavailable(error):
                raise
            failed[key] = error
    if frames:
        failed |= store.put_each(target.channel, frames)
    if failed:
        (_, first), *others = failed.items()
        for key, other in others:
            first.add_note(f"Also failed: {key!r}: {other!r}")
        raise first
