"""``push``: sends new values from any process to every open page, after commit."""

from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple, Protocol

from asgiref.sync import sync_to_async
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal

from dashboards.exceptions import PushError, StoreUnavailableError, ValueTooLargeError
from dashboards.live.commits import on_commit
from dashboards.live.stores import stores
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points


class PreparedValue(Protocol):
    """A value of one component that was checked before the commit, and is rendered after it.

    It is checked and rendered while its dashboard is ``broadcasting``.
    """

    @property
    def event(self) -> str:
        """The name of the component's frames."""

    @property
    def label(self) -> str:
        """The name of the component, for errors."""

    @property
    def is_restricted(self) -> bool:
        """True if only some of the channel's subscribers may see it."""

    def render(self) -> str | Points:
        """Render the value for all viewers."""

    def store_restricted(self, frame: str | Points) -> str | Points:
        """Store the frame of a restricted value apart; return what the channel gets instead."""


class PreparedPush(NamedTuple):
    """The values of one push."""

    channel: str
    """The channel of their subscribers."""
    values: Mapping[str, PreparedValue]
    """By the key of the component."""


class Publishable(Protocol):
    """An object whose values can be pushed: it has a channel and prepares its values."""

    is_registered: ClassVar[bool]
    """True if it is registered, so that a page may show it."""

    def broadcasting(self) -> AbstractContextManager[None]:
        """Return the context in which values are prepared and rendered for all viewers."""

    def prepare_push(self, values: Mapping[str, Any], at: float) -> PreparedPush:
        """Check values, and return them ready to be rendered.

        Args:
            values: the values, by the key of the component.
            at: the time of the values, in seconds since 1970.

        Raises:
            Exception: a value cannot be pushed.
        """


pushed = Signal()
"""Sent in the process that pushes, after the values were stored.

The sender is the dashboard's class. ``dashboard`` is the instance, ``values`` a dict of the values
by key, as they were given to ``push``.
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
    """Store new values of live components, and send them to every open page.

    Call it from anywhere: a view, a signal, a task, a shell, a management command. Inside a
    transaction it takes effect on commit, and not at all on rollback. The transaction is that of
    the database ``using``; by default, all databases that have a transaction open in this thread
    must have committed. Inside Django's ``TestCase``, whose transaction never commits, it takes
    effect at once. Values pushed in one call arrive together, in one version. If one of them cannot
    be rendered or stored, the others are stored all the same.

    While autocommit is turned off, Django does not tell of commits, and it takes effect at once.

    An error after a commit is logged by Django and not raised: what was saved stays saved, and
    other callbacks of that commit are called.

    Args:
        dashboard: a dashboard class, or an instance (of one object or for one user, for example).
        key: the component's key, to push one value.
        value: its value.
        using: the alias of the only database whose transaction counts.
        **values: several values by key.

    Raises:
        PushError: the first argument is not a dashboard, or not registered; there is neither a key
            with its value nor a value by key, a key is not text or is given twice, or there is no
            database ``using``.
        AudienceError: the dashboard is for one user, or of one object, and the instance has no
            user, or an object that is not saved.
        UnknownComponentError: the dashboard has no component of that key.
        NotLiveError: the component is not live, or its value is computed for each viewer.
        ComponentValueError: the component cannot show its value.
        ValueTooLargeError: the value is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]``. Text is
            checked at once, other values when they are stored.
        StoreUnavailableError: the store cannot be reached, so each value may be stored or not.
    """
    if not getattr(dashboard, "is_registered", False):
        raise PushError(_describe_refused(dashboard))
    if using is not None and using not in connections.settings:
        there = ", ".join(map(repr, connections.settings))
        msg = f"push(…, using={using!r}): there is no such database; there are {there}."
        raise PushError(msg)
    target = dashboard() if isinstance(dashboard, type) else dashboard
    if key is not None:
        untyped_key: object = key
        if not isinstance(untyped_key, str):
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
    waiting = _find_transactions([using] if using else connections)
    store = stores["default"]
    at = store.clock.time()
    with target.broadcasting():
        prepared = target.prepare_push(values, at)
        # In the same context, because entering it takes a third of the time of a push.
        rendered = None if waiting else _render(prepared.values)

    def publish() -> None:
        # Rendered after the commit, so that the objects of a value are committed.
        with target.broadcasting():
            frames = _render(prepared.values)
        _store(store, target, values, prepared, frames)

    if rendered is None:
        push_on_commit(publish, waiting)
    else:
        _store(store, target, values, prepared, rendered)


async def apush(
    dashboard: Publishable | type[Publishable],
    key: str | None = None,
    value: Any = _NOTHING,
    /,
    *,
    using: str | None = None,
    **values: Any,
) -> None:
    """Do the same as ``push``, from async code."""
    await sync_to_async(push)(dashboard, key, value, using=using, **values)


def _describe_refused(dashboard: Any) -> str:
    """Return why nothing can be pushed to an object: it is no dashboard, or not registered."""
    if not hasattr(dashboard, "prepare_push"):
        return (
            f"push({dashboard!r}, …): the first argument must be a dashboard class or an instance "
            'of one, as in push(Sales, "orders", 12).'
        )
    kind = dashboard if isinstance(dashboard, type) else type(dashboard)
    return (
        f"push({kind.__name__}, …): {kind.__module__}.{kind.__qualname__} is not registered, "
        "so no page shows it. Put @registry.register above it; a test that declares one for "
        f"itself calls Registry().register({kind.__name__})."
    )


def _find_transactions(aliases: Iterable[str]) -> set[str]:
    """Return those of these databases that have a transaction open in this thread."""
    among = set(aliases)
    return {
        each.alias
        for each in connections.all(initialized_only=True)
        if each.alias in among
        # Without commit_on_exit Django does not tell of the commit: see ``on_commit``.
        and each.in_atomic_block
        and each.commit_on_exit
        and _is_open(each)
    }


def push_on_commit(publish: Callable[[], None], aliases: Collection[str]) -> None:
    """Call ``publish`` when each of these databases has committed its open transaction."""
    waiting = set(aliases)

    def call_on_commit(alias: str) -> None:
        # Not a partial: Django logs the __qualname__ of a robust callback that fails.
        def committed() -> None:
            # Not twice: tests may call what a TestCase never commits (captureOnCommitCallbacks).
            if alias in waiting:
                waiting.discard(alias)
                if not waiting:
                    publish()

        # Robust: an error after a commit is not an error of the saved objects.
        on_commit(committed, alias, robust=True)

    for alias in aliases:
        call_on_commit(alias)


def _is_open(connection: BaseDatabaseWrapper) -> bool:
    """Return True if an open transaction is going to be committed or rolled back."""
    # The blocks of Django's TestCase, for class and test, never end with a commit.
    return not all(map(_is_of_testcase, connection.atomic_blocks))


def _is_of_testcase(block: object) -> bool:
    return bool(getattr(block, "_from_testcase", False))


class _Rendered(NamedTuple):
    """The values of one push, by key."""

    frames: Mapping[str, str | Points]
    failed: Mapping[str, Exception]
    """The errors of values that cannot be rendered."""


def _render(prepared: Mapping[str, PreparedValue]) -> _Rendered:
    frames: dict[str, str | Points] = {}
    failed: dict[str, Exception] = {}
    for key, value in prepared.items():
        try:
            frames[key] = value.render()
        except Exception as error:  # noqa: BLE001 - raised once the others are stored
            failed[key] = error
    return _Rendered(frames, failed)


def _store(
    store: BaseStore,
    target: Publishable,
    values: Mapping[str, Any],
    prepared: PreparedPush,
    rendered: _Rendered,
) -> None:
    """Store frames, and send ``pushed``. If a value fails, the others are stored all the same.

    Raises:
        StoreUnavailableError: the store cannot be reached, so each value may be stored or not.
        Exception: the error of the first value that failed, with notes about the others.
    """
    failed = dict(rendered.failed)
    frames: dict[str, str | Points] = {}
    for key, frame in rendered.frames.items():
        value = prepared.values[key]
        try:
            frames[value.event] = value.store_restricted(frame) if value.is_restricted else frame
        except Exception as error:
            if store.is_unavailable(error):
                raise _make_unavailable(error) from error
            failed[key] = error
    try:
        refused = store.put_each(prepared.channel, frames) if frames else {}
    except Exception as error:
        if store.is_unavailable(error):
            raise _make_unavailable(error) from error
        raise
    for key, value in prepared.values.items() if refused else ():
        if value.event in refused:
            failed[key] = _name_component(refused[value.event], value.label)
    if failed:
        (_, first), *others = failed.items()
        for key, other in others:
            first.add_note(f"Also failed: {key!r}: {other!r}")
        raise first
    pushed.send_robust(type(target), dashboard=target, values=dict(values))


def _make_unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"The store of live state cannot be reached: {error!r}")


def _name_component(error: Exception, label: str) -> Exception:
    """Return an error of the store that names the component as its author does."""
    if isinstance(error, ValueTooLargeError):
        return ValueTooLargeError(f"{label}: {error.excess}")
    return error
