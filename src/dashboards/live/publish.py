"""``push``: new values from any process to every open page, after commit."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Protocol

from asgiref.sync import sync_to_async
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from dashboards.exceptions import PushError
from dashboards.live.stores import get_store
from dashboards.live.wire.frames import Points


class PreparedValue(Protocol):
    """A value of one component that was checked before the commit, and is rendered after it."""

    event: str
    """The name of the component's frames."""

    def render(self) -> str | Points:
        """Render the value for all viewers."""

    def store_restricted(self, frame: str | Points) -> str | Points:
        """Return what the channel gets of the frame; store it apart if only some may see it."""


class Publishable(Protocol):
    """An object whose values can be pushed: it has a channel and prepares its values."""

    is_registered: ClassVar[bool]
    """True if a page may show it."""

    @property
    def channel(self) -> str:
        """The channel of its subscribers."""

    def prepare_pushed(self, key: str, value: Any) -> PreparedValue:
        """Check a value, and return it ready to be rendered.

        Raises:
            Exception: the value cannot be pushed.
        """


_NOTHING: Any = object()


def push(
    dashboard: Publishable | type[Publishable],
    key: str | None = None,
    value: Any = _NOTHING,
    /,
    *,
    using: str | None = None,
    **values: Any,
) -> None:
    """Store new values of live components and tell every open page.

    Call it from anywhere: a view, a signal, a task, a shell, a management command. Inside a
    transaction it takes effect on commit, and not at all on rollback: of the database that
    ``using`` names, else of each database that has a transaction open in this thread, once all of
    them have committed. Inside Django's ``TestCase``, whose transaction never commits, it takes
    effect at once. Values pushed in one call arrive together, in one version; one that cannot be
    rendered or stored does not keep the others out.

    An error after a commit is logged by Django and not raised: what was saved stays saved, and what
    else waits for that commit goes on.

    Args:
        dashboard: a dashboard class, or an instance (of one object, or for one user, say).
        key: the component's key, where one value is pushed.
        value: its value.
        using: the alias of the one database whose transaction decides.
        **values: several values by key.

    Raises:
        PushError: the first argument is no dashboard, or one that is not registered; neither a key
            with its value nor values were given, a key is no text or is named twice, or there is no
            database ``using``.
        UnknownComponentError: the dashboard has no component of that key.
        NotLiveError: the component is not live.
        ComponentValueError: its value is none that the component can show.
        ValueTooLargeError: it is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``. Text is measured at
            once; what is too long only when it is rendered is told then.
    """
    if not hasattr(dashboard, "prepare_pushed"):
        msg = (
            f"push({dashboard!r}, …): the first argument must be a dashboard class or an instance "
            'of one, as in push(Sales, "orders", 12).'
        )
        raise PushError(msg)
    if using is not None and using not in connections.settings:
        there = ", ".join(map(repr, connections.settings))
        msg = f"push(…, using={using!r}): there is no such database; there are {there}."
        raise PushError(msg)
    if not dashboard.is_registered:
        kind = dashboard if isinstance(dashboard, type) else type(dashboard)
        msg = (
            f"push({kind.__name__}, …): {kind.__module__}.{kind.__qualname__} is not registered, "
            "so no page shows it. Put @registry.register above it; a test that declares one for "
            f"itself calls Registry().register({kind.__name__})."
        )
        raise PushError(msg)
    target = dashboard() if isinstance(dashboard, type) else dashboard
    if key is not None:
        given: object = key
        if not isinstance(given, str):
            msg = f"push(…, {key!r}): the second argument must be a component's key."
            raise PushError(msg)
        if value is _NOTHING:
            msg = f"push(…, {key!r}) needs the value as its third argument."
            raise PushError(msg)
        if key in values:
            msg = f"push(…, {key!r}, …, {key}=…) names one key twice."
            raise PushError(msg)
        values[key] = value
    if not values:
        msg = "push() needs a key and a value, or values by key."
        raise PushError(msg)
    prepared = {name: target.prepare_pushed(name, each) for name, each in values.items()}

    def publish() -> None:
        _publish(target, prepared)

    push_after_commit(publish, [using] if using else list(connections))


async def apush(
    dashboard: Publishable | type[Publishable],
    key: str | None = None,
    value: Any = _NOTHING,
    /,
    *,
    using: str | None = None,
    **values: Any,
) -> None:
    """Do as ``push``, from async code."""
    await sync_to_async(push)(dashboard, key, value, using=using, **values)


def push_after_commit(publish: Callable[[], None], aliases: Iterable[str]) -> None:
    """Call ``publish`` when each of these databases has committed what is open in it now."""
    opened = connections.all(initialized_only=True)
    waiting = {each.alias for each in opened if each.alias in set(aliases) and _is_open(each)}
    if not waiting:
        publish()
        return

    def follow(alias: str) -> None:
        # No partial: Django logs a robust callback that fails by its __qualname__.
        def committed() -> None:
            waiting.discard(alias)
            if not waiting:
                publish()

        # Robust: an error after a commit is not the error of what was saved.
        transaction.on_commit(committed, using=alias, robust=True)

    for alias in tuple(waiting):
        follow(alias)


def _is_open(connection: BaseDatabaseWrapper) -> bool:
    """Return True if a transaction is open that is going to be committed or rolled back."""
    # Those of Django's TestCase, of class and test, are never left by a commit.
    blocks = [each for each in connection.atomic_blocks if not _is_tests_own(each)]
    return connection.in_atomic_block and bool(blocks)


def _is_tests_own(block: object) -> bool:
    return bool(getattr(block, "_from_testcase", False))


def _publish(target: Publishable, prepared: Mapping[str, PreparedValue]) -> None:
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
            frames[value.event] = value.store_restricted(value.render())
        except Exception as error:
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
