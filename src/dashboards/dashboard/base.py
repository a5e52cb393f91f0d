"""A page of components: declared as a class, bound as an instance to one request."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import cache
from time import monotonic
from typing import Any, ClassVar, Self, TypeVar
from weakref import WeakKeyDictionary

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards import conf
from dashboards.component.base import Component
from dashboards.component.bound import BoundComponent
from dashboards.component.errors import (
    Failure,
    catch_errors,
    describe_error,
    get_transactions,
    keeps_errors,
    may_see_errors,
)
from dashboards.component.filters import Filters
from dashboards.component.layout import ComponentLayout, Rendering
from dashboards.component.live import new_refresh_token
from dashboards.component.pending import gather_values
from dashboards.component.states import render_failed
from dashboards.component.templates import Templates
from dashboards.dashboard.components import Components
from dashboards.dashboard.leftovers import are_due, find_leftovers, forget
from dashboards.dashboard.metaclass import DashboardMetaclass
from dashboards.dashboard.model_signals import connect_awaited_models, connect_model
from dashboards.dashboard.options import Options
from dashboards.dashboard.query import keep_known
from dashboards.exceptions import (
    AudienceError,
    DeclarationError,
    NotLiveError,
    StoreUnavailableError,
)
from dashboards.live.access.subjects import dashboard_subject, object_subjects, user_subject
from dashboards.live.compute.groups import ComputedValue
from dashboards.live.compute.inline import must_run_inline, render_inline
from dashboards.live.compute.producer import PRODUCER
from dashboards.live.compute.triggers import OnChange
from dashboards.live.stores import get_store
from dashboards.live.stores.base import Changes
from dashboards.live.stores.limits import check_raw_size, check_size
from dashboards.live.wire.channels import channel_name
from dashboards.live.wire.frames import Frame, Points, page_html
from dashboards.live.wire.positions import Position
from dashboards.live.wire.value_state import current_states
from dashboards.permissions import (
    AllowAny,
    BasePermission,
    as_classes,
    grants,
    grants_all,
    is_about_objects,
    load,
)

logger = logging.getLogger("dashboards.live")

T = TypeVar("T")

_WAITS: WeakKeyDictionary[HttpRequest, float] = WeakKeyDictionary()
"""By request, the seconds for which it may still wait for live values: a page may show several
dashboards."""


_SHAPED: WeakKeyDictionary[HttpRequest, dict[str, type["Dashboard"]]] = WeakKeyDictionary()
"""By request and key, the dashboard whose component has that key's parameters in the address."""


@cache
def _words_of(name: str) -> str:
    words = "".join(f" {c}" if c.isupper() else c for c in name)
    return words.strip().removesuffix(" Dashboard").capitalize()


def _announce(components: Iterable[Component]) -> None:
    for each in components:
        if isinstance(each.live, OnChange):
            for model in each.live.models:
                label = model if isinstance(model, str) else model._meta.label  # noqa: SLF001 - public by custom
                connect_model(label.lower())


def _reloaded(subject: Any) -> Any:
    """Return a model's object as the database has it; what is gone, as it was."""
    if not isinstance(subject, Model) or subject.pk is None:
        return subject
    # A copy: somebody else may be looking at this one. It keeps what a queryset has added.
    fresh = copy(subject)
    try:
        fresh.refresh_from_db()
    except ObjectDoesNotExist:
        return subject
    return fresh


class Dashboard(metaclass=DashboardMetaclass):
    """A page of components. Subclass it, assign components, register it.

    An instance is bound to one request (none where a value is pushed or computed for everybody)
    and holds all that belongs to it. ``get_<key>_value`` and ``get_<key>_defer`` methods give
    components their values.

    An ``__init__`` of your own may add components to the instance: ``self.components["key"] =
    Text(…)``, after ``super().__init__()``. They load, stream and take pushes like any other where
    the instance that is made without a request has them, too. One that depends on the request is
    shown and loaded only for that: nobody computes it for everybody, and a push to it raises
    ``UnknownComponentError``.

    Args:
        request: the request that the page, component or stream is served to.
        object: what the dashboard is about, where it is about one thing.
        user: who it is for, where there is no request: to push to a dashboard whose audience is
            one user.
    """

    class Layout:
        """What it shows, and where. A subclass sets ``components``; by default all, in a grid."""

        components: ComponentLayout | None = None

    _options: ClassVar[type[Options]] = Options
    _meta: ClassVar[Options]
    declared: ClassVar[Mapping[str, Component]]
    is_registered: ClassVar[bool]
    """True if a registry has taken this very class; one that derives from it counts anew."""

    def __init__(
        self,
        request: HttpRequest | None = None,
        object: Any = None,  # noqa: A002 - users know it by this name
        *,
        user: Any = None,
    ) -> None:
        self.request = request
        self.object = object
        self.user = getattr(request, "user", None) if user is None else user
        self.components = Components(self, self.declared)

    def __iter__(self) -> Iterator[BoundComponent]:
        return iter(self.components.get_allowed())

    def __getitem__(self, key: str) -> BoundComponent:
        return self.components[key]

    def bind(self, request: HttpRequest) -> "Dashboard":
        """Return another instance, of the same class and object, that is bound to a request."""
        given = {} if self.object is None else {"object": self.object}
        bound: Dashboard = type(self)(request=request, **given)
        return bound

    # What it is called.

    @classmethod
    def get_app_label(cls) -> str:
        """Return the label of the app that it belongs to.

        Raises:
            DeclarationError: when it lives in no installed app and ``Meta`` names none.
        """
        if cls._meta.app_label:
            return cls._meta.app_label
        config = apps.get_containing_app_config(cls.__module__)
        if config is None:
            msg = (
                f"{cls.__module__}.{cls.__qualname__} is in no app of INSTALLED_APPS: "
                "give its Meta an app_label."
            )
            raise DeclarationError(msg)
        return config.label

    @classmethod
    def get_url_name(cls) -> str:
        """Return the name of its page's address in the namespace ``dashboards``."""
        return f"{cls.get_app_label()}_{cls.__name__.lower()}"

    @property
    def name(self) -> str:
        """The page's title."""
        if self._meta.name:
            return self._meta.name
        return _words_of(type(self).__name__)

    @cached_property
    def heading(self) -> str:
        """The name as the page shows it: where ``name`` raises, the words of the class."""
        name = self._guard(lambda: str(self.name), "name")
        return _words_of(type(self).__name__) if isinstance(name, Failure) else name

    @property
    def dom_id(self) -> str:
        """The id of its element in the page."""
        return self.get_url_name()

    # Where it is found.

    @classmethod
    def get_route(cls) -> str:
        """Return the path of its page, as ``path()`` takes it."""
        return f"{cls.get_app_label()}/{cls.__name__.lower()}/"

    @classmethod
    def get_page_url_name(cls) -> str:
        """Return the name of its page's address in the namespace ``dashboards``."""
        return cls.get_url_name()

    @classmethod
    def get_example_kwargs(cls) -> dict[str, Any]:
        """Return what an address of some page of it names beside the dashboard."""
        return {}

    def get_url_kwargs(self) -> dict[str, Any]:
        """Return what its addresses name beside the dashboard."""
        return {}

    def get_absolute_url(self) -> str:
        """Return the page's address."""
        return reverse(f"dashboards:{self.get_page_url_name()}", kwargs=self.get_url_kwargs())

    def get_component_url(self, key: str) -> str:
        """Return where a component loads from."""
        kwargs = {**self.get_url_kwargs(), "key": key}
        return reverse(f"dashboards:{self.get_url_name()}_component", kwargs=kwargs)

    def get_batch_url(self) -> str:
        """Return where several components load from, by the keys that are added to it."""
        return reverse(f"dashboards:{self.get_url_name()}_batch", kwargs=self.get_url_kwargs())

    def get_stream_url(self) -> str:
        """Return where the stream is opened, from the position that this instance has read."""
        url = reverse(f"dashboards:{self.get_url_name()}_stream", kwargs=self.get_url_kwargs())
        return f"{url}?position={self.position}" if self.position else url

    @classmethod
    def get_object(cls, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ARG003 - for subclasses
        """Return the object that an address names; ``None`` where it names none.

        Raises:
            Http404: there is no such object.
        """
        return None

    @classmethod
    def missing_message(cls) -> str:
        """Return what a 404 says of an object that is missing or not shown."""
        return ""

    # Who may open it.

    def get_permissions(self) -> Sequence[BasePermission]:
        """Return the permissions that must all allow a request.

        Raises:
            DeclarationError: ``DASHBOARDS["PERMISSION_CLASSES"]`` cannot be used.
        """
        classes = self._meta.permission_classes
        if classes is None:
            where = "DASHBOARDS['PERMISSION_CLASSES']"
            classes = as_classes(where, self.settings["PERMISSION_CLASSES"])
        return load(classes)

    def has_permission(self, request: HttpRequest) -> bool:
        """Return True if the request may open the page, its components and its stream.

        It may be ``async`` in a subclass. Any answer but ``True`` refuses.
        """
        user = getattr(request, "user", None)
        if self._meta.audience == "user" and getattr(user, "is_authenticated", False) is not True:
            return False
        return grants_all(self.get_permissions(), request, self.object)

    @property
    def is_public(self) -> bool:
        """Return True if everybody may see all of the page, and nobody is signed in to it."""
        user = getattr(self.request, "user", None)
        is_known = user is not None and getattr(user, "is_authenticated", True) is not False
        return not (
            is_known
            or self._meta.audience == "user"
            or type(self).has_own("has_permission", "get_permissions", beyond=Dashboard)
            or any(type(each) is not AllowAny for each in self.get_permissions())
            or self.components.has_restricted()
        )

    @classmethod
    def allows(cls, request: HttpRequest, about: Any = None) -> bool:
        """Return True if a request may open it, without making its components.

        Args:
            request: the request.
            about: the object, where it is about one.
        """
        if not cls.has_own("has_permission", "get_permissions", beyond=Dashboard):
            return grants(cls.without_components(request, about).has_permission, request)
        # Methods of one's own may need what its __init__ makes.
        its = cls(request) if about is None else cls(request, about)
        return grants(its.has_permission, request)

    @classmethod
    def has_object_permissions(cls) -> bool:
        """Return True if a request may be let in to one object's dashboard and not to another's."""
        if cls.has_own("has_permission", "get_permissions", beyond=Dashboard):
            return True
        return any(
            is_about_objects(type(each)) for each in cls.without_components().get_permissions()
        )

    @classmethod
    def without_components(cls, request: HttpRequest | None = None, about: Any = None) -> Self:
        """Return an instance without components, to be asked for its name, address and permissions.

        An ``__init__`` of one's own, which is not called, may need a request or read the database.
        """
        its = cls.__new__(cls)
        its.request, its.object = request, about
        return its

    # What it shows.

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """``settings.DASHBOARDS`` with its defaults, as it is while the request is answered."""
        return conf.current()

    @cached_property
    def templates(self) -> Templates:
        """What renders templates for its request."""
        return Templates(self.request)

    @cached_property
    def transactions(self) -> Sequence[str]:
        """The databases in which its request has a transaction open."""
        return get_transactions()

    @property
    def filters(self) -> Mapping[str, Any]:
        """What the page was asked to be narrowed to.

        With ``Meta.filter_form`` the cleaned value of each of its fields, given or not; else the
        query string.
        """
        if self._filters is not None:
            return self._filters.values
        if self._meta.filter_form is not None:
            return {}  # It could not be made: nothing has cleaned what the query string says.
        return self.request.GET.dict() if self.request else {}

    @property
    def filterset(self) -> Any:
        """The ``FilterSet`` that narrows the page, with its ``qs``; ``None`` where it is none."""
        return None if self._filters is None else self._filters.get_filterset()

    @cached_property
    def _filters(self) -> Filters | None:
        make = self._meta.filter_form
        if make is None:
            return None
        filters = self._guard(lambda: Filters(make, self.request).read(), "filter form")
        return None if isinstance(filters, Failure) else filters

    def _guard(self, run: Callable[[], T], part: str) -> T | Failure:
        return catch_errors(run, dashboard=type(self).__name__, part=part)

    @cached_property
    def is_filtered(self) -> bool:
        """Whether this request asks for something else than everybody sees."""
        if self._filters is not None:
            return self._filters.is_active
        if self.request is None or not self.request.GET:
            return False
        prefixes = tuple(f"{key}-" for key in self.components)
        return any(not name.startswith(prefixes) for name in self.request.GET)

    @property
    def filter_form(self) -> BaseForm | None:
        """The form above the components, where there is one."""
        return None if self._filters is None else self._filters.form

    def render_filters(self) -> SafeString:
        """Render the form that narrows the dashboard; empty where there is none."""
        if self._meta.filter_form is None:
            return SafeString()
        html = self._guard(self._render_filters, "filter form")
        if isinstance(html, Failure) or html is None:
            return render_failed(self.templates)
        return html

    def _render_filters(self) -> SafeString | None:
        if self._filters is None:
            return None
        context = {
            "dashboard": self,
            "form": self._filters.form,
            "others": self._filters.get_others(self.kept),
            "sent": self._filters.sent,
            "is_active": self._filters.is_active,
        }
        return mark_safe(  # noqa: S308 - rendered by a template, which escapes
            self.templates.render("dashboards/filters.html", context)
        )

    @cached_property
    def kept(self) -> QueryDict:
        """The parameters of the request that the addresses on its page repeat."""
        return keep_known(self.request, self, self._filters)

    @cached_property
    def query(self) -> str:
        """The query string that its components are asked for with."""
        return self.kept.urlencode()

    @property
    def scripts(self) -> Sequence[str]:
        """The static files that its components need, each once."""
        paths: list[str] = []
        for each in self:
            paths.extend(each.get_needed_scripts())
        layout = self.Layout.components
        if layout is not None:
            scripts = self._guard(lambda: list(layout.get_scripts()), "layout")
            paths.extend([] if isinstance(scripts, Failure) else scripts)
        return list(dict.fromkeys(paths))

    def render_components(self) -> SafeString:
        """Render what it shows: what its layout names, or the boxes of all components."""
        layout = self.Layout.components
        if layout is None:
            shown = list(self)
        else:
            # A layout may name one twice. Where it cannot say what it shows, nothing is begun.
            named = self._guard(lambda: dict.fromkeys(layout.get_keys()), "layout")
            keys = () if isinstance(named, Failure) else named
            shown = [self[key] for key in keys if key in self.components]
        for each in shown:
            each.prefetch()
        # What is awaited waits together: the page takes as long as the slowest, not as all.
        gather_values([each.loader.pending for each in shown if each.loader.pending])
        if layout is not None:
            html = self._guard(lambda: layout.render(Rendering(self)), "layout")
            if not isinstance(html, Failure):
                return html
        return mark_safe("".join(self.render_box(each.key) for each in self))  # noqa: S308 - rendered by a template

    def shows(self, key: str) -> bool:
        """Return True if it has such a component, and its request may see it."""
        return key in self.components

    def render_box(
        self, key: str, *, level: int = 2, is_titled: bool = True, is_placed: bool = True
    ) -> SafeString:
        """Render a component's heading and box.

        Args:
            key: the component's.
            level: the heading's level.
            is_titled: whether a heading is shown that was only made from the key.
            is_placed: whether it stands in the dashboard's grid, not in a card.
        """
        # A layout may name what only some instances have.
        if key not in self.components:
            return SafeString()
        return self[key].render_box(level=level, is_titled=is_titled, is_placed=is_placed)

    def get_dependencies(self, key: str) -> Sequence[BoundComponent]:
        """Return the components that name this one among their ``dependents``, hidden ones too."""
        return self.components.get_dependencies(key)

    # What is live.

    @property
    def channel(self) -> str:
        """Who sees the same updates. Derived here; no client ever names one.

        Raises:
            AudienceError: it is for one user, and there is none.
        """
        return self._channel_of(self.get_label())

    @classmethod
    def get_label(cls) -> str:
        """Return what names the class on all servers, such as ``shop.orders``."""
        return f"{cls.get_app_label()}.{cls.__name__.lower()}"

    def get_subjects(self) -> tuple[str, ...]:
        """Return what a revocation names: the class, its object, and the user that it is for."""
        about = () if self.object is None else object_subjects(self.object)
        user = getattr(self.user, "pk", None) if self._meta.audience == "user" else None
        whose = () if user is None else (user_subject(user),)
        return (dashboard_subject(self.get_label()), *about, *whose)

    def _channel_of(self, label: str) -> str:
        user = None
        if self._meta.audience == "user":
            user = getattr(self.user, "pk", None)
            if user is None:
                name = type(self).__name__
                msg = f"{name} is for one user: say which, as in push({name}(user=…), …)."
                raise AudienceError(msg)
        about = None if self.object is None else getattr(self.object, "pk", self.object)
        return channel_name(label, about=about, user=user)

    @cached_property
    def is_live(self) -> bool:
        """Whether any component is live, and so the page opens a stream."""
        return any(component.live for component in self)

    @cached_property
    def visible_events(self) -> frozenset[str]:
        """The events of guarded components that the request may see, which others do not hear."""
        return frozenset(each.event for each in self if each.is_restricted and each.live)

    @cached_property
    def _shared(self) -> Self:
        """What is computed for everybody must not depend on a request: an instance without one."""
        given = {} if self.object is None else {"object": self.object}
        if self._meta.audience == "user":
            given["user"] = self.user
        try:
            return type(self)(**given)
        except Exception as error:
            name = type(self).__name__
            msg = (
                f"{name}.__init__ must work without a request, too (request=None): "
                "what is computed for everybody, or pushed, has none."
            )
            raise DeclarationError(msg) from error

    @cached_property
    def _sources(self) -> Mapping[str, ComputedValue]:
        if not self.is_live:
            return {}
        bindings = (component.live_binding for component in self._shared)
        sources = (each.get_computed_value() for each in bindings if each)
        return {source.key: source for source in sources if source}

    def refresh_from_db(self) -> None:
        """Read the object and the user that it is for anew.

        What is computed for everybody is so for as long as somebody watches, by this instance.
        """
        self.object, self.user = _reloaded(self.object), _reloaded(self.user)

    def get_computed_values(self) -> Sequence[ComputedValue]:
        """Return how its computed values are computed, for all who share them."""
        return list(self._sources.values())

    @classmethod
    def check_declaration(cls) -> None:
        """Check what it needs to be served; called on registration.

        Raises:
            DeclarationError: it lacks something.
        """

    @classmethod
    def connect_model_signals(cls) -> None:
        """Tell when models change that ``OnChange`` values wait for; called on registration.

        Those of components that instances add are told of from when somebody computes their values.
        """
        _announce(cls.declared.values())
        if cls.is_dynamic():
            connect_awaited_models()

    def compute_due(self, *, deferred: bool, seconds: float | None = None) -> None:
        """Have computed what is due and nobody else computes, and wait for it for a short time.

        Args:
            deferred: whether to compute also what a page need not wait for.
            seconds: how long to wait at most; by default what is left to this request of
                ``DASHBOARDS["PAGE_WAIT_SECONDS"]``. The computing goes on after that.
        """
        sources = [
            source for source in self.get_computed_values() if deferred or not source.deferred
        ]
        if not sources:
            return
        request, left = self.request, float(self.settings["PAGE_WAIT_SECONDS"])
        if request is not None:
            left = _WAITS.get(request, left)
        wait = left if seconds is None else min(seconds, left)
        store, channel = get_store(), self.channel
        began = monotonic()
        try:
            PRODUCER.compute_due(store, channel, sources, wait)
        except StoreUnavailableError:
            pass  # Said already.
        except Exception:
            # Refused, by a store that is full, say: the page shows the values that it has.
            logger.exception(
                "The live values of %r cannot be computed now.",
                channel,
                extra={"event": "store_refused", "channel": channel},
            )
        if request is not None:
            _WAITS[request] = max(0, left - (monotonic() - began))

    @cached_property
    def _live_state(self) -> tuple[Position | None, Mapping[str, str], Mapping[str, str]]:
        """Position, frames and states of the channel; frames by key, states by event."""
        if not self.is_live:
            return None, {}, {}
        changes = self._read(self.channel)
        self._forget_leftovers(self.channel, changes.frames)
        return changes.position, page_html(changes.frames), current_states(changes.frames)

    def _forget_leftovers(self, channel: str, frames: Sequence[Frame]) -> None:
        """Delete what earlier releases left. Where instances add components, none is known."""
        if type(self).is_dynamic():
            return
        live = {each.event: each for each in self.components.get_all() if each.live}
        guarded = {each.key: each for each in live.values() if each.is_restricted}
        known = guarded if channel == self._restricted_channel else live
        left = find_leftovers(frames, known)
        if not are_due(channel, left):
            return
        forget(channel, left)
        if channel == self.channel:
            beside = {self._errors_channel: live, self._restricted_channel: guarded}
            for name, its in beside.items():
                forget(name, find_leftovers(self._read(name).frames, its))

    @staticmethod
    def _read(channel: str) -> Changes:
        """Return a channel's whole state; none where the store cannot be reached.

        The page is served all the same. Its live boxes wait, and its stream, which begins without a
        position, brings the whole state as soon as there is one.
        """
        store = get_store()
        try:
            return store.reach(lambda: store.since(channel, None))
        except StoreUnavailableError:
            return Changes(None, ())

    @property
    def position(self) -> Position | None:
        """How far this instance has read. Read it before values are computed."""
        return self._live_state[0]

    def render_content(self, key: str) -> SafeString | None:
        """Render what stands in a component's box now; ``None`` where it must wait."""
        component = self[key]
        if component.takes_params:
            self._check_address(component)
        content = component.render_content()
        if (
            content is None
            and component.is_computed
            and not (component.is_deferred or component.series)
        ):
            source = self._sources.get(key)
            if source is None:
                # Added for this request only: nobody else computes it.
                return component.render(component.get_value())
            if must_run_inline():
                # A test sees nothing of what others are computing in this moment.
                html = render_inline(get_store(), self.channel, source)
                content = html if isinstance(html, SafeString) else None
        return content

    def _check_address(self, component: BoundComponent) -> None:
        """Refuse a second component whose parameters in the page's address are another's.

        Raises:
            DeclarationError: one of another dashboard on the same page has the key.
        """
        if self.request is None:
            return
        key = component.key
        first = _SHAPED.setdefault(self.request, {}).setdefault(key, type(self))
        if first is not type(self):
            msg = (
                f"{component.label}: {first.__name__}.{key} stands on the same page, and both keep "
                "in its address what their viewer has chosen, as "
                f"?{key}-…: give one of them another key."
            )
            raise DeclarationError(msg)

    def load_content(self, key: str, *, is_due: bool = True) -> SafeString | None:
        """Render what the page was sent without, or what is newer; ``None`` for nothing new.

        Args:
            key: the component's.
            is_due: whether to compute first what is computed for everybody, where it is due.
        """
        component = self[key]
        if component.is_customized:
            return component.render(component.get_value())
        if component.is_computed:
            if is_due:
                self.compute_due(deferred=True)
        elif component.is_deferred and not component.series:
            return component.render(component.get_value())
        return self.render_content(key)

    def get_stored_frame(self, key: str, *, is_restricted: bool) -> str | None:
        """Return the newest frame of a component in the store; ``None`` if there is none.

        Args:
            key: the component's key.
            is_restricted: True for a value that was pushed to a restricted component.
        """
        return (self._restricted_frames if is_restricted else self._live_state[1]).get(key)

    def get_state(self, event: str) -> str:
        """Return the state of a shared value as HTML; empty if the value is fresh.

        Viewers who may read errors also get the text of the last one.
        """
        state = self._live_state[2].get(event, "")
        if not (state and may_see_errors(self.request)):
            return state
        error = self._errors.get(event)
        return format_html("{} <code>{}</code>", mark_safe(state), error) if error else state  # noqa: S308 - rendered by us

    def note_error(self, event: str, error: Exception) -> None:
        """Store the text of an error of a shared value, if anybody may read it.

        On a channel that no stream reads: a page may be rendered by another process than the one
        that computes. Written only if the text has changed.
        """
        if not keeps_errors():
            return
        text = describe_error(error)
        if self._noted.get(event) == text:
            return
        # The store may be what failed; the log has the error in any case.
        with suppress(Exception):
            get_store().put(self._errors_channel, {event: text})
            self._noted[event] = text

    @cached_property
    def _noted(self) -> dict[str, str]:
        return {}

    @cached_property
    def _errors(self) -> Mapping[str, str]:
        """What shared values raised last, by event."""
        return page_html(get_store().since(self._errors_channel, None).frames)

    @property
    def _errors_channel(self) -> str:
        # No key has an "@".
        return self._channel_of(f"{self.get_label()}+@errors")

    def prepare_pushed(self, key: str, value: Any) -> Any:
        """Return a value that is pushed, ready for the template.

        Raises:
            UnknownComponentError: there is no such component.
            NotLiveError: it is not live.
            ComponentValueError: it cannot show the value.
            ValueTooLargeError: the value is text that is too long to be stored.
        """
        component = self[key]
        live = component.live_binding
        if live is None:
            msg = f"{component.label} is not live: declare it with live=True to push to it."
            raise NotLiveError(msg)
        check_raw_size(component.label, value)
        prepared = live.prepare(value)
        check_raw_size(component.label, prepared)
        return prepared

    def render_pushed(self, key: str, value: Any) -> str | Points:
        """Render what ``prepare_pushed`` returned, for everybody."""
        component = self[key]
        live = component.live_binding
        assert live is not None  # noqa: S101 - prepare_pushed has checked it
        html = live.render(value)
        check_size(component.label, html if isinstance(html, str) else html.base)
        if not component.is_restricted:
            return html
        # On a channel that nobody's stream reads; those who hear of it ask for it, as themselves.
        get_store().put(self._restricted_channel, {key: html})
        return new_refresh_token()

    def get_event(self, key: str) -> str:
        """Return the name of a component's frames."""
        return self[key].event

    @cached_property
    def _restricted_frames(self) -> Mapping[str, str]:
        """What was pushed to guarded components, by key."""
        frames = self._read(self._restricted_channel).frames
        self._forget_leftovers(self._restricted_channel, frames)
        return page_html(frames)

    @property
    def _restricted_channel(self) -> str:
        return self._channel_of(f"{self.get_label()}+@guarded")
