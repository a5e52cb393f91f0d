"""The live side of a dashboard: channels, stored frames, pushed and computed values."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple, Self, cast
from weakref import WeakKeyDictionary

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from dashboards.component.broadcast import broadcasting, fit_to_page
from dashboards.component.errors import describe_error, keeps_errors, may_see_errors
from dashboards.component.live import PushedValue
from dashboards.component.owner import Owner
from dashboards.dashboard.model_signals import connect_awaited_models, connect_model
from dashboards.dashboard.orphaned_frames import are_due, find_orphaned, forget
from dashboards.dashboard.urls import URLMixin
from dashboards.exceptions import (
    AudienceError,
    DeclarationError,
    NotLiveError,
    StoreUnavailableError,
)
from dashboards.live.access.subjects import dashboard_subject, object_subjects, user_subject
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.producer import PRODUCER
from dashboards.live.compute.triggers import OnChange
from dashboards.live.publish import PreparedPush
from dashboards.live.stores import get_store
from dashboards.live.stores.base import Changes
from dashboards.live.stores.limits import MEASURABLE, check_raw_size
from dashboards.live.wire.channels import channel_name
from dashboards.live.wire.frames import Frame, Points, page_html
from dashboards.live.wire.positions import Position
from dashboards.live.wire.value_state import current_states

logger = logging.getLogger("dashboards.live")

_seconds_left: WeakKeyDictionary[HttpRequest, float] = WeakKeyDictionary()
"""By request, the seconds for which it may still wait for live values. A page may show several
dashboards, which share them."""


class _StoredState(NamedTuple):
    """The content of a channel."""

    position: Position | None = None
    frames: Mapping[str, str] = {}
    """By component key."""
    states: Mapping[str, str] = {}
    """By event."""


class LiveMixin(URLMixin):
    """Connects the live components of a dashboard with the store."""

    # Channels and events.

    @property
    def channel(self) -> str:
        """The name of the channel of its updates. It is derived here; no client can name one.

        Raises:
            AudienceError: each user has a channel, and this instance has no user; or its object is
                not saved.
        """
        # Each push reads it: a label that is known takes no call.
        return self._channel_of(self._label or self.get_label())

    def _channel_of(self, label: str) -> str:
        user = None
        if self._meta.audience == "user":
            user = getattr(self.user, "pk", None)
            if user is None:
                name = type(self).__name__
                msg = f"{name} is for one user: say which, as in push({name}(user=…), …)."
                raise AudienceError(msg)
        about = None if self.object is None else _get_key(self.object)
        if about is None and self.object is not None:
            msg = (
                f"{type(self).__name__} is of one object, and {self.object!r} has no primary key: "
                "push after it is saved, and before it is deleted."
            )
            raise AudienceError(msg)
        return channel_name(
            label,
            object=None if about is None else str(about),
            user=None if user is None else str(user),
        )

    @property
    def _errors_channel(self) -> str:
        # No key contains an "@".
        return self._channel_of(f"{self.get_label()}+@errors")

    @property
    def _restricted_channel(self) -> str:
        return self._channel_of(f"{self.get_label()}+@restricted")

    @cached_property
    def is_live(self) -> bool:
        """True if any of its components is live. Its page opens a stream then.

        A page about an object that is not saved, such as a preview, is not live: it has no channel.
        """
        if self.object is not None and _get_key(self.object) is None:
            return False
        return any(component.live for component in self)

    @cached_property
    def visible_events(self) -> frozenset[str]:
        """The events of restricted components that its request may receive."""
        return frozenset(each.event for each in self if each.is_restricted and each.live)

    def get_subjects(self) -> tuple[str, ...]:
        """Return what a revocation can name: its class, its object and the user that it is for."""
        objects = () if self.object is None else object_subjects(self.object)
        user = getattr(self.user, "pk", None) if self._meta.audience == "user" else None
        users = () if user is None else (user_subject(user),)
        return (dashboard_subject(self.get_label()), *objects, *users)

    def get_stream_url(self) -> str:
        """Return the URL of its stream, which begins at the position that this instance has read.

        The store is queried unless ``position`` has been read before.
        """
        url = reverse(f"dashboards:{self.get_url_name()}_stream", kwargs=self.get_url_kwargs())
        return f"{url}?position={self.position}" if self.position else url

    # The stored state.

    @property
    def position(self) -> Position | None:
        """The newest position of its channel. The first access queries the store.

        Read it before values are computed: the stream then sends what changes meanwhile.
        """
        return self._stored_state.position

    @cached_property
    def _stored_state(self) -> _StoredState:
        """The content of its channel: one query of the store for each instance."""
        if not self.is_live:
            return _StoredState()
        changes = _read(self.channel)
        self._forget_orphaned(self.channel, changes.frames)
        return _StoredState(
            changes.position, page_html(changes.frames), current_states(changes.frames)
        )

    @cached_property
    def _restricted_frames(self) -> Mapping[str, str]:
        """The values that were pushed to restricted components, by key: one query of the store."""
        if not self.is_live:
            return {}
        frames = _read(self._restricted_channel).frames
        self._forget_orphaned(self._restricted_channel, frames)
        return page_html(frames)

    def _forget_orphaned(self, channel: str, frames: Sequence[Frame]) -> None:
        """Delete frames of earlier releases, except where instances may add components."""
        if self.is_dynamic:
            return  # Another instance may have the component that a frame belongs to.
        live = {each.event: each for each in self.components.get_all() if each.live}
        restricted = {each.key: each for each in live.values() if each.is_restricted}
        known = restricted if channel == self._restricted_channel else live
        left = find_orphaned(frames, known)
        if not are_due(channel, left):
            return
        forget(channel, left)
        if channel == self.channel:
            others = {self._errors_channel: live, self._restricted_channel: restricted}
            for name, components in others.items():
                forget(name, find_orphaned(_read(name).frames, components))

    def get_stored_frame(self, key: str, *, is_restricted: bool) -> str | None:
        """Return the newest frame of a component in the store, or None if there is none.

        Args:
            key: the component's key.
            is_restricted: True for a value that was pushed to a restricted component.
        """
        return (self._restricted_frames if is_restricted else self._stored_state.frames).get(key)

    def get_state(self, event: str) -> str:
        """Return the state of a component's shared value as HTML; empty if the value is fresh.

        It contains the last error for viewers who may see errors.
        """
        state = fit_to_page(self._stored_state.states.get(event, ""))
        if not (state and may_see_errors(self.request)):
            return state
        error = self._errors.get(event)
        return format_html("{} <code>{}</code>", mark_safe(state), error) if error else state  # noqa: S308 - rendered by us

    # Errors of shared values.

    @cached_property
    def _errors(self) -> Mapping[str, str]:
        """The last error of each shared value, by event: one query of the store."""
        return page_html(get_store().since(self._errors_channel, None).frames)

    @cached_property
    def _noted_errors(self) -> dict[str, str]:
        return {}

    def note_error(self, event: str, error: Exception) -> None:
        """Store the text of an error that a shared value raised, if any viewer may see errors.

        The process that renders a page may be another than the one that computes the value. The
        text is stored on a channel without streams, and only when it differs from the last one.
        """
        if not keeps_errors():
            return
        text = describe_error(error)
        if self._noted_errors.get(event) == text:
            return
        # The store may be what failed. The error is logged in any case.
        with suppress(Exception):
            get_store().put(self._errors_channel, {event: text})
            self._noted_errors[event] = text

    # Computed values.

    @classmethod
    def connect_model_signals(cls) -> None:
        """Connect the signals of the models that ``OnChange`` values depend on; on registration.

        The models of components that only instances have are connected once a process computes
        their values.

        Raises:
            DeclarationError: there is no such model.
        """
        for key, component in cls.declared.items():
            if isinstance(component.live, OnChange):
                for model in component.live.models:
                    label = model if isinstance(model, str) else model._meta.label  # noqa: SLF001 - public by custom
                    try:
                        connect_model(label.lower())
                    except LookupError as error:
                        msg = f"{cls.__name__}.{key}: live=OnChange({model!r}): {error}"
                        raise DeclarationError(msg) from error
        if cls.is_dynamic:
            connect_awaited_models()

    @cached_property
    def _broadcast_instance(self) -> Self:
        """The instance that computes the values of all viewers, which cannot depend on a request.

        Raises:
            DeclarationError: ``__init__`` fails without a request.
        """
        user = self.user if self._meta.audience == "user" else None
        try:
            return self._create(object=self.object, user=user)
        except Exception as error:
            name = type(self).__name__
            msg = (
                f"{name}.__init__ must work without a request, too (request=None): "
                "values that are pushed, or computed for all viewers, have no request."
            )
            raise DeclarationError(msg) from error

    @cached_property
    def _computed_values(self) -> Mapping[str, ComputedValue]:
        if not self.is_live:
            return {}
        bindings = (component.live_binding for component in self._broadcast_instance)
        values = (each.get_computed_value() for each in bindings if each)
        return {value.key: value for value in values if value}

    def get_computed_values(self) -> Sequence[ComputedValue]:
        """Return the live values that are computed once for all viewers."""
        return list(self._computed_values.values())

    def compute_due(self, *, deferred: bool, seconds: float | None = None) -> None:
        """Start computing the values that are due, and wait a short time for them.

        A value that another process is computing is left to it. Computing goes on after the wait.

        Args:
            deferred: True to compute also the values that a page loads later.
            seconds: the longest wait. The default is the time that is left to this request of
                ``DASHBOARDS["PAGE_WAIT_SECONDS"]``.
        """
        values = [each for each in self.get_computed_values() if deferred or not each.deferred]
        if not values:
            return
        request, left = self.request, float(self.settings["PAGE_WAIT_SECONDS"])
        if request is not None:
            left = _seconds_left.get(request, left)
        wait = left if seconds is None else min(seconds, left)
        store, channel = get_store(), self.channel
        began = monotonic()
        try:
            PRODUCER.compute_due(store, channel, values, wait)
        except StoreUnavailableError:
            pass  # Logged where it was noticed.
        except Exception:
            # Refused by the store, for example because it is full. The page shows stored values.
            logger.exception(
                "The live values of %r cannot be computed now.",
                channel,
                extra={"event": "store_refused", "channel": channel},
            )
        if request is not None:
            _seconds_left[request] = max(0, left - (monotonic() - began))

    # Pushed values.

    broadcasting = staticmethod(broadcasting)

    def prepare_push(self, values: Mapping[str, Any], at: float) -> PreparedPush:
        """Check values that are pushed, and return them ready to be rendered.

        Args:
            values: the values, by the key of the component.
            at: the time of the values, in seconds since 1970.

        Raises:
            AudienceError: it has no channel.
            Exception: ``prepare_pushed`` refuses a value.
        """
        prepared = {key: self.prepare_pushed(key, value, at) for key, value in values.items()}
        return PreparedPush(self.channel, prepared)

    def prepare_pushed(self, key: str, value: Any, at: float) -> PushedValue:
        """Check a value that is pushed, and return it ready to be rendered.

        Args:
            key: the component's key.
            value: the value.
            at: the time of the value, in seconds since 1970.

        Raises:
            UnknownComponentError: there is no such component.
            NotLiveError: the component is not live, or its value is computed for each viewer.
            ComponentValueError: the component cannot show the value.
            ValueTooLargeError: the value is text that is too long to be stored.
        """
        component = self.components[key]
        if not component.live:
            msg = f"{component.label} is not live: declare it with live=True to push to it."
            raise NotLiveError(msg)
        binding = None if component.live is True else component.live_binding
        if binding is not None and binding.is_computed_per_viewer:
            msg = (
                f"{component.label} is computed for each viewer, so each page loads its own value, "
                "and no page would show one that is pushed: declare it with live=True to push to "
                "it."
            )
            raise NotLiveError(msg)
        if isinstance(value, MEASURABLE):
            check_raw_size(component.label, value)
        value = component.prepare(value)
        if isinstance(value, MEASURABLE):
            check_raw_size(component.label, value)
        return PushedValue(
            # Only Dashboard and its subclasses are instantiated, and they have what an Owner has.
            cast("Owner", self),
            component,
            value,
            at,
            event=component.event,
            label=component.label,
            is_restricted=component.is_restricted,
        )

    def store_restricted(self, key: str, frame: str | Points) -> None:
        """Store the frame of a restricted component on a channel that has no streams."""
        get_store().put(self._restricted_channel, {key: frame})


def _get_key(instance: Any) -> Any:
    """Return what tells the object of a dashboard from others; ``None`` if it is not saved."""
    return getattr(instance, "pk", instance)


def _read(channel: str) -> Changes:
    """Return the whole content of a channel, or no content if the store cannot be reached.

    The page is served without it: live boxes stay empty, and the stream, which begins without a
    position, sends everything once the store is back.
    """
    store = get_store()
    try:
        return store.reach(lambda: store.since(channel, None))
    except StoreUnavailableError:
        return Changes(None, ())
