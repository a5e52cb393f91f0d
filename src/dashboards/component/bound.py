"""A component together with one dashboard instance: it has ids, addresses, a value and HTML."""

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Coroutine, Mapping, Sequence
from hashlib import sha256
from types import MethodType
from typing import Any, NamedTuple, Protocol, TypeVar

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from django.utils.encoding import escape_uri_path
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from dashboards.characters import clean_text
from dashboards.component.base import Component
from dashboards.component.box import Box, escaped
from dashboards.component.broadcast import broadcasting, fit_to_page
from dashboards.component.css import classes_by_part
from dashboards.component.errors import ErrorBoundary, Failure, get_error_text
from dashboards.component.filters import Filters
from dashboards.component.formats import is_number
from dashboards.component.links import CTA, resolve_link
from dashboards.component.pending import PendingValue, is_awaited
from dashboards.component.release import Release, get_release, strip_mark
from dashboards.component.states import BoxState
from dashboards.component.templates import Templates, is_package_template
from dashboards.component.texts import is_missing
from dashboards.component.values import names_of, resolve
from dashboards.exceptions import ComponentValueError
from dashboards.live.compute.triggers import ComputedValue, Every, OnChange, topic_of
from dashboards.live.stores.limits import check_size
from dashboards.live.wire.frames import Points
from dashboards.live.wire.restricted import restricted_event
from dashboards.live.wire.value_state import State
from dashboards.permissions import grants_all, load

T = TypeVar("T")

_PARTS = dict.fromkeys(("box", "title", "icon", "content", "state", "cta"), "")
"""Every part is there, empty by default: a missing variable costs a template a failed lookup."""

_NO_CSS = tuple((name, escaped("")) for name in _PARTS)

_NARROWING = frozenset({"filters", "filterset", "request"})
_COMPUTED = (Every, OnChange)
_SUBJECTS = frozenset({"object", "user"})

_SPREAD_MILLISECONDS = 1000
"""The time over which pages spread their requests for what was pushed to others, too."""


class Owner(Protocol):
    """What a bound component needs of its dashboard."""

    request: HttpRequest | None
    object: Any

    @property
    def user(self) -> Any:
        """Who it is shown to; ``None`` where that is everybody."""

    @property
    def filters(self) -> Mapping[str, Any]:
        """What the page was asked to be narrowed to."""

    @property
    def filterset(self) -> Any:
        """The ``FilterSet`` that says so, where there is one."""

    @property
    def is_filtered(self) -> bool:
        """Whether the request asks for something else than everybody sees."""

    @property
    def kept(self) -> QueryDict:
        """The parameters of the request that addresses on its page repeat."""

    @property
    def query(self) -> str:
        """The query string that components are asked for with."""

    @property
    def dom_id(self) -> str:
        """The id of the dashboard's element."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """``settings.DASHBOARDS`` with its defaults, as it is while the request is answered."""

    @property
    def templates(self) -> Templates:
        """What renders templates for its request."""

    @property
    def transactions(self) -> Sequence[str]:
        """The databases in which the request has a transaction open."""

    def get_absolute_url(self) -> str:
        """The page's address."""

    def get_component_url(self, key: str) -> str:
        """Where a component loads from."""

    def get_batch_url(self) -> str:
        """Where several components load from."""

    def render_content(self, key: str) -> SafeString | None:
        """Render what stands in a component's box now; ``None`` where it must wait."""

    def get_frame(self, component: "BoundComponent") -> str | None:
        """Return the newest frame that the store has of a component; ``None`` for none."""

    def get_state(self, component: "BoundComponent") -> str:
        """Return the state of its shared value as HTML; empty where that is fresh."""

    def note_error(self, component: "BoundComponent", error: Exception) -> None:
        """Keep the text of what a shared value raised, for those who may read it."""

    def refresh_from_db(self) -> None:
        """Read the object and the user that it is for anew."""

    def get_dependencies(self, key: str) -> Sequence["BoundComponent"]:
        """The components that name this one among their ``dependents``, hidden ones as well."""


def _words_of(key: str) -> str:
    return key.replace("_", " ").capitalize()


class Shown(NamedTuple):
    """What a box shows."""

    content: SafeString | None
    """Its value as HTML; ``None`` where there is none, or nothing new."""
    state: SafeString
    """The state of that in words, as HTML; empty where it is fresh."""


class BoundComponent:
    """What templates call ``component``. Attributes it lacks are those of the declaration."""

    def __init__(self, owner: Owner, component: Component, key: str) -> None:
        self._owner = owner
        self._component = component
        self.key = key
        self.pending: PendingValue | None = None
        """Its value, where that was called for before it is rendered."""
        self._guards = ErrorBoundary(type(owner).__name__, key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            # Also asked of a copy that is still empty, and so has no declaration to ask.
            raise AttributeError(name)
        # Kinds that users write have attributes and methods of their own.
        return getattr(self._component, name)

    def __repr__(self) -> str:
        return f"<{self.label}: {type(self._component).__name__}>"

    @property
    def request(self) -> HttpRequest | None:
        """The request that it is served to; ``None`` where it is rendered for everybody."""
        return self._owner.request

    @property
    def object(self) -> Any:
        """The object of its dashboard; ``None`` if the dashboard has none."""
        return self._owner.object

    @cached_property
    def params(self) -> MultiValueDict[str, str]:
        """Its own parameters in the query string, on the page's address as on its own.

        ``?orders-sort=name`` is the ``sort`` of the component ``orders``. Empty without a request.
        """
        if self.request is None:
            return MultiValueDict()
        prefix = f"{self.key}-"
        given = self.request.GET.lists()
        return MultiValueDict(
            {name.removeprefix(prefix): values for name, values in given if name.startswith(prefix)}
        )

    @property
    def kept(self) -> QueryDict:
        """The parameters of the request that addresses on its page repeat."""
        return self._owner.kept

    @property
    def full_path(self) -> str:
        """The address that was asked for, with what of its query string is kept."""
        if self.request is None:
            return ""
        path, query = escape_uri_path(self.request.path), self._owner.query
        return f"{path}?{query}" if query else path

    @property
    def label(self) -> str:
        """Its name in errors and logs: the dashboard's class and the key."""
        return f"{type(self._owner).__name__}.{self.key}"

    @property
    def template_id(self) -> str:
        """The event name that ``sse-swap`` and ``sse-refresh`` listen for."""
        return self.event

    @cached_property
    def event(self) -> str:
        """The name of its frames: the key, unless not everybody may hear of it."""
        if not self.is_restricted:
            return self.key
        name = salted_hmac("dashboards.event", self.label, algorithm="sha256").hexdigest()[:16]
        return restricted_event(name)

    @property
    def is_restricted(self) -> bool:
        """Whether it has permissions of its own, beside those of its dashboard."""
        return bool(self._component.permission_classes)

    @cached_property
    def is_allowed(self) -> bool:
        """Whether this request may see it; without a request there is nobody to be refused.

        A permission class that raises lets nobody in.
        """
        request, about = self._owner.request, self._owner.object
        if request is None or not self.is_restricted:
            return True

        def ask() -> bool:
            return grants_all(load(self.permission_classes), request, about)

        return self._guard(ask, "permission") is True

    @property
    def dom_id(self) -> str:
        """The id of its element."""
        return f"{self._owner.dom_id}-{self.key}"

    @property
    def kind(self) -> str:
        """The name of its kind, for CSS."""
        return type(self._component).__name__.lower()

    @property
    def series(self) -> int:
        """How many points are kept where values are appended; else 0."""
        return self._component.series

    @property
    def content_id(self) -> str:
        """The id of the element that its updates are swapped into."""
        return f"{self.dom_id}-content"

    @property
    def title(self) -> str:
        """The heading."""
        declared = self._component.title
        return _words_of(self.key) if declared is None else declared

    @cached_property
    def is_filtered(self) -> bool:
        """Whether the page is narrowed, so that what others are sent would be wrong here.

        What is pushed as plain state, and the points of a series, are the same for everybody.
        """
        is_led = any(each.is_active for each in self._form_filters)
        if self.series or not (self._owner.is_filtered or is_led):
            return False
        return any(_asks_for(_NARROWING, each) for each in (self._getter(), self._loader()))

    @cached_property
    def own_filters(self) -> Filters | None:
        """What its viewer has narrowed its ``dependents`` to, where it is such a form.

        A form that cannot be made costs its own box, not those of its ``dependents``.
        """

        def read() -> Filters | None:
            filters = self._component.get_filters(self)
            return filters and filters.read()

        filters = self._guard(read, "form")
        return None if isinstance(filters, Failure) else filters

    @cached_property
    def _form_filters(self) -> Sequence[Filters]:
        """What the forms that name it say; a hidden one says its initial values."""
        leaders = self._owner.get_dependencies(self.key)
        return [each.own_filters for each in leaders if each.own_filters is not None]

    @property
    def depends_on(self) -> str:
        """The keys of the forms that narrow it."""
        leaders = self._owner.get_dependencies(self.key)
        return " ".join(each.key for each in leaders if each.is_allowed and each.own_filters)

    @property
    def live(self) -> bool | Every | OnChange:
        """How its value is live."""
        return self._component.live

    @property
    def is_computed(self) -> bool:
        """Whether its live value is computed for all viewers, not pushed."""
        return isinstance(self._component.live, _COMPUTED) and not self.is_refreshed

    @property
    def is_pushed(self) -> bool:
        """Whether its live value is pushed."""
        return self._component.live is True

    @property
    def is_refreshed(self) -> bool:
        """Whether each page is told to load its own live value."""
        live = self._component.live
        if not live:
            return False
        if isinstance(live, _COMPUTED) and live.delivery == "per_viewer":
            return True
        return self._component.is_personal or self.is_restricted or self.is_filtered

    @property
    def jitter_milliseconds(self) -> int:
        """The time over which pages that were told to load spread their requests."""
        live = self._component.live
        if not isinstance(live, _COMPUTED):
            return _SPREAD_MILLISECONDS
        jitter = min(live.jitter, live.seconds) if isinstance(live, Every) else live.jitter
        return int(1000 * jitter)

    @property
    def is_loadable(self) -> bool:
        """Whether its value can be had at any time, not only when it is pushed."""
        return not self.is_pushed or self.is_deferred or callable(self._getter())

    @property
    def takes_params(self) -> bool:
        """True if its viewer can shape it, by parameters of the page's address."""
        return self._component.takes_params and self.is_loadable

    @property
    def is_customized(self) -> bool:
        """Whether its viewer has shaped it, so that what everybody is shown is not theirs."""
        request = self._owner.request
        # Most requests have no parameters at all, and a page asks each of its boxes several times.
        if request is None or not request.GET:
            return False
        return self._component.has_view_state(self.params) and self.is_loadable

    @property
    def url(self) -> str:
        """Where it loads from, as its viewer has shaped it."""
        url = self._address
        if not self.is_customized:
            return url
        query = QueryDict(mutable=True)
        for name, values in self._component.keep_params(self.params).lists():
            query.setlist(f"{self.key}-{name}", values)
        return f"{url}{'&' if '?' in url else '?'}{query.urlencode()}"

    @property
    def _address(self) -> str:
        return self._component.defer_url or self._owner.get_component_url(self.key)

    @property
    def page_url(self) -> str:
        """The address of the dashboard's page."""
        return self._owner.get_absolute_url()

    @property
    def is_batched(self) -> bool:
        """Whether it loads together with others: it is deferred, to no address of its own."""
        return self.is_deferred and not self._component.defer_url

    @property
    def load_url(self) -> str:
        """Where it loads from as this page shows it: narrowed, sorted, on its present page."""
        query = self._owner.query
        # The page's query has the component's own parameters, too.
        url = self._address
        return f"{url}{'&' if '?' in url else '?'}{query}" if query else url

    @property
    def trigger(self) -> str:
        """When it loads from the server, as ``hx-trigger`` says it; empty for never."""
        triggers = []
        if self.is_batched:
            # Said by deferred.js: htmx's own "intersect" may begin before that script has come.
            triggers.append("dashboards:seen once")
        elif self.is_deferred:
            triggers.append("intersect once")
        if self._component.poll_rate:
            triggers.append(f"every {self._component.poll_rate}s")
        if self.is_refreshed or (self._component.live and self.depends_on):
            triggers.append("dashboards:refresh")
        if self._component.trigger_on:
            triggers.append(self._component.trigger_on)
        triggers.extend(
            f"{leader.changed_event} from:#{leader.content_id}"
            for leader in self._owner.get_dependencies(self.key)
            if leader.is_allowed
        )
        return ", ".join(triggers)

    @cached_property
    def is_deferred(self) -> bool:
        """Whether the page is sent without its value."""
        return self._loader() is not None

    @property
    def opens_own_stream(self) -> bool:
        """Whether its template connects to a stream by itself, and so must be there from the first.

        The one who writes such a template gives the component a ``pushpin_url``.
        """
        return hasattr(self._component, "pushpin_url")

    def get_value(self) -> Any:
        """Return its value, ready for the template."""
        return self.prepare(self._call(self._getter()))

    def prefetch(self) -> None:
        """Call for the value that ``render_content`` will show, so that it can be waited for."""

        def start() -> None:
            if self._needs_value(self._owner.get_frame(self)):
                self.pending = self._begin(self._getter())

        self._guard(start, "value")

    def prefetch_deferred(self) -> None:
        """Call for the value that is loaded after the page."""

        def start() -> None:
            if self.is_deferred and (self.is_customized or not (self.is_computed or self.series)):
                self.prefetch_load()

        self._guard(start, "value")

    @property
    def has_subject(self) -> bool:
        """Whether its value is told of an object or a user, which may have changed by now."""
        return _asks_for(_SUBJECTS, self._late_getter() if self.is_deferred else self._getter())

    def refresh_from_db(self) -> None:
        """Read anew what its value is of, before that is computed once more for everybody."""
        self._owner.refresh_from_db()

    def prefetch_load(self) -> None:
        """Call for the value that ``load`` will return, so that it can be waited for."""
        self.pending = self._begin(self._late_getter())

    def _begin(self, value: Any) -> PendingValue | None:
        return PendingValue(value, **self.call_kwargs) if callable(value) else None

    def _needs_value(self, frame: str | None) -> bool:
        """Whether the page cannot be sent without computing its value."""
        if self.is_customized:
            return not self.is_deferred
        if self._is_stored(frame) or self.is_deferred or self.is_computed:
            return False
        if not self.is_pushed:
            return True
        return not self.series and (self._getter() is not None or self.opens_own_stream)

    def _is_stored(self, frame: str | None) -> bool:
        if self.is_customized:
            return False
        # A callable says what is true now; a plain value only what is shown until the first push.
        is_stored = self.series or not callable(self._getter())
        return frame is not None and (self.is_computed or (self.is_pushed and bool(is_stored)))

    def get_deferred_value(self) -> Any:
        """Return the value that is loaded after the page."""
        return self.prepare(self._call(self._late_getter()))

    def get_needed_scripts(self) -> Sequence[str]:
        """Return the static files that it needs, as its page can load it."""

        def collect() -> list[str]:
            own = list(self._component.scripts)
            return [*own, "dashboards/js/deferred.js"] if self.is_batched else own

        scripts = self._guard(collect, "scripts")
        return () if isinstance(scripts, Failure) else scripts

    @property
    def parts(self) -> dict[str, str]:
        """Its CSS classes by part: the settings', and over them those that were declared."""
        kind = type(self._component)
        setting = self._owner.settings["COMPONENT_CSS_CLASSES"]
        return _PARTS | classes_by_part(setting, kind, self._component.css_classes, "box")

    @property
    def cta(self) -> CTA | None:
        """Its call to action with its address; ``None`` where there is none, or it is refused."""
        cta = self._component.cta
        if cta is None:
            return None
        href = resolve_link(cta.get_target(), self._owner.object)
        return None if href is None else CTA(href, cta.text)

    def render_box(
        self, *, level: int = 2, is_titled: bool = True, is_placed: bool = True
    ) -> SafeString:
        """Render its heading and box, with its value where the page need not wait.

        Args:
            level: the heading's level.
            is_titled: whether a heading is shown that was only made from the key.
            is_placed: whether it stands in the dashboard's grid, not in a card.
        """
        shown = self.show(lambda: self._owner.render_content(self.key))
        content = shown.content
        show_title = is_titled or self._component.title is not None

        def render() -> SafeString:
            box = self._make_box(level, show_title=show_title, is_placed=is_placed)
            attributes = self._content_attributes(content)
            return box.render(self._owner.templates, attributes, content, shown.state)

        html = self._guard(render, "box")
        if not isinstance(html, Failure):
            return html
        box = self._make_poor_box(level, show_title=show_title, is_placed=is_placed)
        no_attributes: dict[str, Any] = {}
        attributes = self._attempt(lambda: self._content_attributes(content), no_attributes)
        state = shown.state or self._render_state("failed", error=html.error)
        return box.render(self._owner.templates, attributes, content, state)

    def _make_box(self, level: int, *, show_title: bool, is_placed: bool) -> Box:
        return Box(
            dom_id=self.dom_id,
            kind=self.kind,
            title=escaped(self.title) if show_title else "",
            level=str(level),
            icon=escaped(self._component.icon),
            grid_css_classes=self._get_grid(is_placed=is_placed),
            parts=self._get_parts(),
            cta=self._get_cta(),
            is_deferred=self.is_deferred,
        )

    def _make_poor_box(self, level: int, *, show_title: bool, is_placed: bool) -> Box:
        """Return its box without those parts that raise."""
        attempt, component = self._attempt, self._component
        title = attempt(lambda: escaped(self.title), escaped(_words_of(self.key)))
        no_cta: tuple[str, str] | tuple[()] = ()
        return Box(
            dom_id=self.dom_id,
            kind=self.kind,
            title=title if show_title else "",
            level=str(level),
            icon=attempt(lambda: escaped(component.icon), SafeString()),
            grid_css_classes=attempt(lambda: self._get_grid(is_placed=is_placed), SafeString()),
            parts=attempt(self._get_parts, _NO_CSS),
            cta=attempt(self._get_cta, no_cta),
            is_deferred=False,
        )

    def _attempt(self, run: Callable[[], T], default: T) -> T:
        part = self._guard(run, "box")
        return default if isinstance(part, Failure) else part

    def _get_grid(self, *, is_placed: bool) -> SafeString:
        default = self._owner.settings["GRID_CSS_CLASSES"] if is_placed else ""
        return escaped(self._component.grid_css_classes or default)

    def _get_parts(self) -> tuple[tuple[str, str], ...]:
        if not (self._component.css_classes or self._owner.settings["COMPONENT_CSS_CLASSES"]):
            return _NO_CSS
        return tuple((name, escaped(css)) for name, css in self.parts.items())

    def _get_cta(self) -> tuple[str, str] | tuple[()]:
        cta = self.cta
        return (escaped(cta.href), escaped(cta.text)) if cta else ()

    def show(self, make: Callable[[], SafeString | None], *, is_loaded: bool = False) -> Shown:
        """Return what its box shows, whatever its author's code raises.

        Args:
            make: renders its content; returns ``None`` where there is none, or nothing new.
            is_loaded: whether this answers a page that loads it, where the last good value stays.
        """

        def make_fit() -> SafeString | None:
            html = make()
            if html is None:
                return None
            check_size(self.label, html, self._owner.settings["MAX_FRAME_BYTES"])
            return SafeString(clean_text(html))

        made: Failure | SafeString | None = self._guards.failure or self._guard(make_fit, "value")
        if isinstance(made, Failure):
            content = None if is_loaded else self._get_last_good()
            can_retry = is_loaded or self._guard(lambda: bool(self.trigger), "box") is True
            state = self._render_state("failed", can_retry=can_retry, error=made.error)
            return Shown(content, state)
        state = SafeString()
        if self._component.live and not (self.is_refreshed or self.is_customized):
            state = SafeString(self._owner.get_state(self))
        if not state and made is None:
            state = self._render_state("waiting")
        return Shown(made, state)

    def _get_last_good(self) -> SafeString | None:
        """Return the newest stored frame, where that is what this viewer is shown."""

        def read() -> str | None:
            if not self._component.live or self.is_refreshed or self.is_customized:
                return None
            return self._owner.get_frame(self)

        frame = self._guard(read, "value")
        return mark_safe(fit_to_page(strip_mark(frame))) if isinstance(frame, str) else None  # noqa: S308 - rendered by us

    def _render_state(
        self, state: State, *, can_retry: bool = False, error: Exception | None = None
    ) -> SafeString:
        return BoxState(
            state,
            is_deferred=state == "waiting" and self.is_deferred,
            can_retry=can_retry,
            error=get_error_text(error, self.request) if error else "",
        ).render(self._owner.templates)

    def _guard(self, run: Callable[[], T], part: str) -> T | Failure:
        """Call an author's code; the first failure of a box is logged, and makes it fail."""
        return self._guards.call(run, part, self._owner.transactions)

    def _content_attributes(self, content: str | None) -> dict[str, Any]:
        """Return what says to htmx and to our scripts how the content is updated."""
        attributes: dict[str, Any] = {}
        if self.is_refreshed:
            attributes["sse-refresh"] = self.event
            attributes["data-jitter"] = self.jitter_milliseconds
        elif self._component.live:
            attributes["sse-swap"] = self.event
            attributes["data-release"] = self._release.structure
            if self.series:
                attributes["data-max-points"] = self.series
        if depends_on := self.depends_on:
            attributes["data-dashboards-depends-on"] = depends_on
        if trigger := self.trigger:
            attributes["hx-get"] = self.load_url
            attributes["hx-trigger"] = trigger
            if self.is_batched:
                attributes["data-batch"] = self._owner.get_batch_url()
                attributes["data-key"] = self.key
            attributes["data-failed"] = gettext("Could not be loaded.")
            attributes["data-retry"] = gettext("Try again")
            attributes["hx-swap"] = "innerMorph"
            attributes["hx-status:4xx"] = attributes["hx-status:5xx"] = "swap:none"
            attributes["data-etag"] = "" if content is None else entity_tag(content)
        return attributes

    def __str__(self) -> str:
        return self.render_box()

    def __html__(self) -> str:
        return self.render_box()

    def load(self) -> Any:
        """Return its value, ready for the template, as a request of its own gets it."""
        return self.get_deferred_value() if self.is_deferred else self.get_value()

    def compute(self) -> Any:
        """Return its value as it was given, called where it is callable."""
        return resolve(self._getter(), **self.call_kwargs)

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a POST to its address, where ``accepts_post`` is true."""
        return self._component.post(self, request)

    def render_alone(self, value: Any) -> SafeString:
        """Render a prepared value in a page of its own, which leads back to the dashboard's."""
        context = {"dashboard": self._owner, "component": self, "content": self.render(value)}
        html = self._owner.templates.render("dashboards/alone.html", context)
        return mark_safe(html)  # noqa: S308 - rendered by a template, which escapes

    def get_response(self) -> HttpResponseBase | None:
        """Answer a request at its own address with something else than its HTML: a file, say.

        A file that cannot be made is answered 503, which a browser shows as a failed download.
        """
        response = self._guard(lambda: self._component.get_response(self), "file")
        return HttpResponse(status=503) if isinstance(response, Failure) else response

    def render_content(self, frame: str | None) -> SafeString | None:
        """Render what stands in the box when the page is sent; ``None`` where it must wait.

        Args:
            frame: the last frame of it that the store has.
        """
        if self.pending is not None or self._needs_value(frame):
            return self.render(self.get_value())
        if frame is not None and self._is_stored(frame):
            return mark_safe(fit_to_page(strip_mark(frame)))  # noqa: S308 - rendered by us, escaped
        return None

    def render(self, value: Any) -> SafeString:
        """Render a prepared value: what stands inside the box, and what a frame carries."""
        return self._render(value, self._owner.templates)

    def _render(self, value: Any, templates: Templates) -> SafeString:
        name = self._component.template
        template = templates.get(name)
        html: str | None = None
        if is_package_template(template):
            html = self._component._render_cached(template, value)  # noqa: SLF001 - no kind of a user's own has it
        if html is None:
            html = templates.render(name, {"component": self, "rendered_value": value})
        return SafeString(html.strip())

    def prepare_shared(self, value: Any) -> Any:
        """Return a value ready for the template of all viewers, as ``prepare`` does for one.

        Raises:
            ComponentValueError: the component cannot show the value.
        """
        with broadcasting():
            return self.prepare(value)

    def render_shared(self, value: Any) -> str | Points:
        """Render a prepared value for everybody: without a request, in the site's own ways.

        Returns:
            HTML; of a series its base and the new points.
        """
        with broadcasting():
            return self._render_shared(value)

    def _render_shared(self, value: Any) -> str | Points:
        templates = Templates(None)
        if not self.series:
            return self._release.mark(self._render(value, templates))
        base = self._render(self._component.prepare_base(), templates)
        return Points(self._release.mark(base), value, self.series)

    @property
    def _release(self) -> Release:
        return get_release(self._component)

    def is_of_this_release(self, frame: str) -> bool:
        """Return True if a stored frame is one that this release renders, and so can show."""
        return self._release.shows(frame, is_pushed=self.is_pushed)

    def is_of_another_kind(self, frame: str) -> bool:
        """Return True if a stored frame was rendered by another kind of component or template."""
        return self._release.is_another_kind(frame)

    def source(self) -> ComputedValue | None:
        """Return how its live value is computed, where it is."""
        live = self._component.live
        if not isinstance(live, _COMPUTED):
            return None

        is_begun = False
        is_awaitable = not self.is_refreshed and is_awaited(self._late_getter())

        def begin(looked: set[object]) -> Coroutine[Any, Any, None] | None:
            nonlocal is_begun
            with broadcasting():
                if self.has_subject and self._owner not in looked:
                    self.refresh_from_db()
                    looked.add(self._owner)
                is_begun = True
                if not is_awaitable:
                    return None
                self.prefetch_load()
            call = self.pending
            return _wait_shared(call) if call is not None and call.is_waiting else None

        def render() -> str | Points:
            nonlocal is_begun
            was_begun, is_begun = is_begun, False
            with broadcasting():
                try:
                    if not was_begun and self.has_subject:
                        self.refresh_from_db()
                    return self._render_shared(self.load())
                except Exception as error:
                    self._owner.note_error(self, error)
                    raise

        return ComputedValue(
            self.event,
            live.seconds,
            new_refresh_token if self.is_refreshed else render,
            begin=None if self.is_refreshed else begin,
            is_awaited=is_awaitable,
            release="" if self.is_refreshed else ".".join(self._release),
            render_state=None if self.is_refreshed else self._render_shared_state,
            deferred=self.is_deferred,
            debounce=live.debounce if isinstance(live, OnChange) else None,
            topics=tuple(map(topic_of, live.models)) if isinstance(live, OnChange) else (),
        )

    def _render_shared_state(self, state: State, since: float) -> str:
        """Render a state for everybody: without a request, in the site's own ways."""
        with broadcasting():
            return BoxState(state, since).render(Templates(None))

    def _getter(self) -> Any:
        return getattr(self._owner, f"get_{self.key}_value", self._component.value)

    def _loader(self) -> Any:
        loader = getattr(self._owner, f"get_{self.key}_defer", self._component.defer)
        return loader or None

    def _late_getter(self) -> Any:
        """Return what a request of its own gets the value from."""
        loader = self._loader()
        return self._getter() if loader in (None, True) else loader

    def _call(self, value: Any) -> Any:
        pending, self.pending = self.pending, None
        return resolve(value, **self.call_kwargs) if pending is None else pending.result()

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """The arguments that callables may name."""
        owner = self._owner
        filters, filterset = owner.filters, owner.filterset
        for each in self._form_filters:
            filters = {**filters, **each.values}
            own = each.get_filterset()
            filterset = filterset if own is None else own
        return {
            "request": owner.request,
            "object": owner.object,
            "user": owner.user,
            "filters": filters,
            "filterset": filterset,
        }

    def prepare(self, value: Any) -> Any:
        """Return a value ready for the template; of a series, the points to append.

        Raises:
            ComponentValueError: when it is none that this component can show.
        """
        component = self._component
        if is_missing(value) and not is_number(value):
            value = None
        try:
            return (
                component.prepare_points(value)
                if self.series
                else component.prepare_value(value, self)
            )
        except ComponentValueError as error:
            msg = f"{self.label}: {error}"
            raise type(error)(msg) from error


def _asks_for(wanted: frozenset[str], value: Any) -> bool:
    """Whether a value is called, and told of any of these."""
    if not callable(value):
        return False
    names = names_of(value)
    # A method of the dashboard may look at them by itself.
    return isinstance(value, MethodType) or names is None or not names.isdisjoint(wanted)


def entity_tag(html: str) -> str:
    """Return what tells two renderings apart, as HTTP's ``ETag``."""
    return f'"{urlsafe_b64encode(sha256(html.encode()).digest()[:12]).decode()}"'


def new_refresh_token() -> str:
    """Return what differs each time: all that a page needs to load its own value."""
    return secrets.token_hex(4)


async def _wait_shared(call: PendingValue) -> None:
    """Wait for a value that is computed for everybody."""
    with broadcasting():
        await call.wait()
