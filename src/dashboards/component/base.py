"""The declaration of one box on a dashboard."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self

from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString

from dashboards.calling import NamedArguments
from dashboards.compat import COMPONENT_NAMES, refuse_names, refuse_old_component
from dashboards.component.conversion import shorten
from dashboards.component.errors import ErrorBoundary
from dashboards.component.facts import Facts
from dashboards.component.filters import Filters
from dashboards.component.links import CTA
from dashboards.component.release import Release, make_release
from dashboards.component.values import resolve
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.live.compute.triggers import Every, OnChange
from dashboards.permission_classes import PermissionClass
from dashboards.texts import StrOrPromise


class Addresses(Protocol):
    """The addresses of one bound component."""

    @property
    def kept(self) -> QueryDict:
        """The parameters of the request that addresses on its page repeat."""

    @property
    def kept_by_form(self) -> QueryDict:
        """Those that it repeats if it is a form that filters its ``dependents``."""

    @property
    def url(self) -> str:
        """The address that it loads from, with the choices of its viewer."""

    @property
    def load_url(self) -> str:
        """The address that it loads from, with the query string of its page."""

    @property
    def retry_url(self) -> str | None:
        """The address that a viewer loads to try again; ``None`` if there is none."""

    @property
    def page_url(self) -> str:
        """The address of the dashboard's page."""

    @property
    def full_path(self) -> str:
        """The path of the request, with those of its parameters that are kept."""


class Bound(Protocol):
    """A component as bound to one dashboard and request."""

    declaration: "Component"
    key: str
    label: str
    """Its name in errors and logs: the dashboard's class and the key."""
    live: bool | Every | OnChange
    """The way its value is live: ``Every``, ``OnChange``, True if it is pushed, or False."""
    series: int
    """The number of points that are kept if values are appended; else 0."""
    is_restricted: bool
    """True if it has permissions of its own, beside those of its dashboard."""
    event: str
    """The event name of its frames."""

    @property
    def error_boundary(self) -> ErrorBoundary:
        """Calls the code of its author."""

    @property
    def addresses(self) -> "Addresses":
        """Its addresses, and those of its page."""

    @property
    def request(self) -> HttpRequest | None:
        """The request that it is rendered for; ``None`` if it is rendered for all viewers."""

    @property
    def params(self) -> MultiValueDict[str, str]:
        """Its own parameters in the query string, without the prefix ``<key>-``."""

    @property
    def object(self) -> Any:
        """The object of its dashboard; ``None`` if the dashboard has none."""

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """The arguments that callables may name, such as ``request`` and ``filters``."""

    @property
    def dom_id(self) -> str:
        """The id of its element."""

    @property
    def content_id(self) -> str:
        """The id of the element that its updates are swapped into."""

    @property
    def kind(self) -> str:
        """The name of its kind, for CSS."""

    @property
    def title(self) -> str:
        """The heading."""

    @property
    def cta(self) -> CTA | None:
        """The link below its value with its address; ``None`` for none."""

    @property
    def menu_links(self) -> Sequence[CTA]:
        """The links in its menu with their addresses."""

    @property
    def is_allowed(self) -> bool:
        """True if the request may see it."""

    @property
    def own_filters(self) -> Filters | None:
        """The filters that its viewer has set for its ``dependents``, if it is such a form."""

    @property
    def is_filtered(self) -> bool:
        """True if the page is filtered, so that the shared value would be wrong here."""

    @property
    def is_customized(self) -> bool:
        """True if this viewer sorted, searched or paged it."""

    @property
    def is_deferred(self) -> bool:
        """True if the page is sent without its value."""

    @property
    def is_batched(self) -> bool:
        """True if it loads together with others."""

    @property
    def is_computed(self) -> bool:
        """True if its value is computed once for all viewers, not pushed."""

    @property
    def is_loadable(self) -> bool:
        """True if its value can be loaded at any time, not only when it is pushed."""

    @property
    def trigger(self) -> str:
        """When it loads from the server, as ``hx-trigger``; empty for never."""

    def compute(self) -> Any:
        """Return its value as it is declared, called if it is callable."""

    def get_value(self) -> Any:
        """Return its value ready for the template."""

    def prepare(self, value: Any) -> Any:
        """Return a value ready for the template."""

    def get_frame(self) -> str | None:
        """Return the newest frame that this release can show; ``None`` if there is none."""

    @property
    def value_time(self) -> float | None:
        """The time of the value that its page shows, since 1970; ``None`` if it is not known."""

    def render(self, value: Any) -> SafeString:
        """Render a prepared value: the content of the box."""

    def render_alone(self, value: Any) -> SafeString:
        """Render a prepared value in a page of its own, with a link to the dashboard's page."""


@dataclass
class Component(NamedArguments):
    """One box on a dashboard, as declared. Never written to once its dashboard class exists.

    A kind of component is a dataclass that derives from this and names a template. It overrides
    ``prepare_value`` to check its values, or to change them for the template.

    Args:
        template: the template that renders the value. Its context contains ``component`` and
            ``rendered_value``.
        value: the value, or a callable (sync or async) that returns it. A callable gets those
            of ``request``, ``object``, ``user``, ``filters`` and ``filterset`` that it names; all
            if it has ``**kwargs``. ``get_<key>_value`` on the dashboard overrides it. If values
            are pushed, a callable runs on every page load; any other value is shown only until
            the first push.
        defer: ``True`` to load the value only when the component comes into view, or a callable
            like ``value`` that is called then. ``get_<key>_defer`` overrides it.
        defer_url: the URL that a deferred component loads from, or a function that returns it; by
            default its own. A component without a value is deferred if it has one. The function
            gets ``reverse_args``, if it names it: the arguments that tell the component's own URL
            from others, in their order: app label, dashboard, the object's if there is one, key.
        key: its name in URLs and events; by default the attribute it is assigned to.
        title: the heading, which may be lazy; by default made from the key. An empty string
            hides it.
        poll_rate: seconds between two loads from the server; ``None`` for none.
        trigger_on: the name of an event that loads it again, wherever on the page it happens:
            ``"refresh"``; or an htmx trigger, such as ``"click from:#reload"``.
        dependents: keys of components that are loaded again whenever this one has changed.
        cta: a link shown below the value.
        menu: links in the menu of the box, below its own entries (enlarge, show as a table,
            download, copy link); ``None`` for no menu, as by default for a ``Text`` and a
            ``Form``.
        icon: CSS classes of an icon shown in the heading.
        css_classes: CSS classes of the box, or a dict by part: ``box``, ``title``, ``icon``,
            ``content``, ``state``, ``cta``, and the parts of the kind's own template. They
            override those of ``DASHBOARDS["COMPONENT_CSS_CLASSES"]``.
        grid_css_classes: CSS classes that place the box in the grid, such as ``"span-6"``; by
            default ``DASHBOARDS["GRID_CSS_CLASSES"]``.
        live: ``True`` for values that are pushed; ``Every(seconds=…)`` or ``OnChange(Model)`` for
            a value that is computed while a page is open. A computed value is shared by all
            viewers, so it gets no request. With ``delivery="per_viewer"`` each page loads its own.
        permission_classes: classes, or dotted paths, that must all allow a request to see it, in
            addition to those of the dashboard. For other viewers it does not exist: no box, no
            URL, no updates. If it is live, an update makes each page load its own value, so a
            computed value is computed for each of them.
        stale_after: the age of a value, in seconds or as a ``timedelta``, from which its box shows
            it. By default one and a half intervals and three seconds, for a value that is computed
            or loaded at an interval; none for a value that is pushed.
    """

    template: str = ""
    value: Any = None
    defer: bool | Callable[..., Any] | None = None
    defer_url: str | Callable[..., str] | None = None
    key: str | None = None
    title: StrOrPromise | None = None
    poll_rate: float | None = None
    trigger_on: str | None = None
    dependents: Collection[str] = ()
    cta: CTA | None = None
    menu: Sequence[CTA] | None = ()
    icon: str = ""
    css_classes: str | Mapping[str, str] = ""
    grid_css_classes: str = ""
    live: bool | Every | OnChange = False
    permission_classes: Sequence[PermissionClass] = ()
    stale_after: float | timedelta | None = None

    is_personal: ClassVar[bool] = False
    """True if its value differs by viewer, so that each page loads its own live value."""

    changed_event: ClassVar[str] = "htmx:after:swap"
    """The DOM event of its box after which its ``dependents`` are loaded again."""

    page_param: ClassVar[str] = ""
    """The parameter with the page of its rows: other filters begin at the first page."""

    scripts: ClassVar[Sequence[str]] = ()
    """The static files that a page with this kind of component loads (``<script defer>``)."""

    part_names: ClassVar[Sequence[str]] = ("box", "title", "icon", "content", "state", "cta")
    """The parts that ``css_classes`` may name, the outermost first. A kind whose template has more
    parts (``{{ component.parts.button }}``) adds their names."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse attributes that this package has under other names.

        Raises:
            DeclarationError: there is one.
        """
        super().__init_subclass__(**kwargs)
        refuse_names(cls.__name__, vars(cls), COMPONENT_NAMES)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Refuse arguments that this package has under other names.

        Raises:
            DeclarationError: there is one.
        """
        refuse_old_component(f"{cls.__name__}(…)", kwargs)
        return super().__new__(cls, *args, **kwargs)

    @cached_property
    def _facts(self) -> Facts:
        """The facts that depend on the declaration alone."""
        return Facts(self)

    @cached_property
    def _release(self) -> Release:
        """The release that renders its frames."""
        return make_release(self)

    @property
    def template_id(self) -> str | None:
        """The key, as hand-written templates call it for ``sse-swap``."""
        return self.key

    @property
    def series(self) -> int:
        """The number of points that are kept if values are appended, not replaced; else 0."""
        return 0

    def prepare_base(self) -> Any:
        """Return the value for the template that points are appended to."""
        return None

    def prepare_points(self, value: Any) -> Sequence[str]:
        """Return the points of a pushed value: JSON texts that are safe inside ``<script>``.

        Raises:
            ComponentValueError: this kind of component cannot append the value.
        """
        msg = f"A {type(self).__name__} is no series, got {shorten(value)}."
        raise ComponentValueError(msg)

    def prepare_value(self, value: Any, bound: Bound | None = None) -> Any:  # noqa: ARG002 - for subclasses
        """Return a value as the template shows it.

        Args:
            value: the value.
            bound: the component bound to a dashboard and a request. Without a request (a value that
                is pushed, or computed for all viewers) it has no parameters. ``None`` if a
                component is used without a dashboard.

        Raises:
            ComponentValueError: this kind of component cannot show the value.
        """
        return value

    def has_view_state(self, params: MultiValueDict[str, str]) -> bool:  # noqa: ARG002 - for subclasses
        """Return True if a viewer's parameters change it: the shared HTML cannot be used."""
        return False

    @property
    def takes_params(self) -> bool:
        """True if the URL of the page contains its viewer's choices, as ``<key>-…``."""
        return type(self).has_view_state is not Component.has_view_state

    def keep_params(self, params: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
        """Return those of its parameters that it reads. URLs on its page repeat no others.

        By default these are all, because a value can read any parameter of the request.
        """
        return params

    def get_response(self, bound: Bound) -> HttpResponseBase | None:  # noqa: ARG002 - for subclasses
        """Return a response for its own URL that is not its HTML, such as a file."""
        return None

    def get_filters(self, bound: Bound) -> Filters | None:  # noqa: ARG002 - for subclasses
        """Return the filters that a viewer has set here; its ``dependents`` get them."""
        return None

    @property
    def is_filter(self) -> bool:
        """True if a viewer fills it in to see other values: a page on a wall leaves it out."""
        return False

    @property
    def accepts_post(self) -> bool:
        """True if ``post`` answers a POST to its URL; it is answered 405 otherwise."""
        return False

    def post(self, bound: Bound, request: HttpRequest) -> HttpResponseBase:
        """Answer a POST to its URL. Access and the CSRF token have been checked."""
        raise NotImplementedError

    def get_value(self, **kwargs: Any) -> Any:
        """Return the value ready for the template, called if it is callable.

        Args:
            **kwargs: the arguments of a callable: ``request``, ``object``, ``user``, ``filters``,
                ``filterset``.
        """
        return self.prepare_value(resolve(self.value, **kwargs))


@contextmanager
def declaring(component: Component, said: str) -> Iterator[None]:
    """Raise a ``ComponentValueError`` of the block as an error of the declaration.

    Args:
        component: the component that is declared.
        said: the arguments, as they are written in the declaration.

    Raises:
        DeclarationError: the block raised a ``ComponentValueError``.
    """
    try:
        yield
    except ComponentValueError as error:
        msg = f"{type(component).__name__}({said}): {error}"
        raise DeclarationError(msg) from error
