"""The declaration of one box on a dashboard."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType
from typing import Any, ClassVar, Protocol, TypeVar
from weakref import WeakKeyDictionary

from asgiref.sync import async_to_sync
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString

from dashboards.component.filters import Filters
from dashboards.component.texts import shorten
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.live.compute.triggers import Every, OnChange
from dashboards.permissions import PermissionClass

D = TypeVar("D")
_MOST_DECIMALS = 20


@dataclass(frozen=True)
class CTA:
    """A link that calls to action.

    Args:
        href: where it leads: an address, the name of a view such as
            ``"dashboards:shop_operations"``, a dashboard class (or an instance, where it is about
            an object), any object that has a ``get_absolute_url``, or a function that gets the
            object that the dashboard is about and returns one of these. A link is left out where
            its address is neither relative nor of http, https, mailto or tel.
        text: the words that are clicked.
        dashboard: the dotted path of a dashboard class to lead to, in place of ``href``.

    Raises:
        DeclarationError: it leads nowhere, or to two places.
    """

    href: Any = None
    text: str = "Find out more"
    dashboard: str | None = None

    def __post_init__(self) -> None:
        """Check that it leads somewhere."""
        if (self.href is None) == (self.dashboard is None):
            msg = f"A CTA leads to either href or dashboard, got {self!r}."
            raise DeclarationError(msg)

    def get_target(self) -> Any:
        """Return where it leads, as ``links.resolve_url`` takes it.

        Raises:
            ImportError: there is nothing at the path of ``dashboard``.
        """
        return self.href if self.dashboard is None else import_string(self.dashboard)


class Bound(Protocol):
    """What a component may ask of itself as bound to one dashboard and request."""

    key: str

    @property
    def request(self) -> HttpRequest | None:
        """The request that it is served to; ``None`` where it is rendered for everybody."""

    @property
    def params(self) -> MultiValueDict[str, str]:
        """Its own parameters in the query string, without the prefix ``<key>-``."""

    @property
    def full_path(self) -> str:
        """The address that was asked for, with what of its query string is kept."""

    @property
    def kept(self) -> QueryDict:
        """The parameters of the request that addresses on its page repeat."""

    @property
    def about(self) -> Any:
        """The object that its dashboard is about; ``None`` where it is about none."""

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """The arguments that callables may name, such as ``request`` and ``filters``."""

    @property
    def is_allowed(self) -> bool:
        """Whether this request may see it."""

    @property
    def own_filters(self) -> Filters | None:
        """What its viewer has narrowed its ``dependents`` to, where it is such a form."""

    @property
    def url(self) -> str:
        """Where it loads from."""

    @property
    def load_url(self) -> str:
        """Where it loads from as this page shows it, with the page's query string."""

    @property
    def page_url(self) -> str:
        """The address of the dashboard's page."""

    @property
    def dom_id(self) -> str:
        """The id of its element."""

    @property
    def is_loadable(self) -> bool:
        """Whether its value can be had at any time, not only when it is pushed."""

    def compute(self) -> Any:
        """Return its value as it was given, called where it is callable."""

    def load(self) -> Any:
        """Return its value, ready for the template, as a request of its own gets it."""

    def render(self, value: Any) -> SafeString:
        """Render a prepared value: what stands inside the box."""

    def render_alone(self, value: Any) -> SafeString:
        """Render a prepared value in a page of its own, which leads back to the dashboard's."""


@dataclass
class Component:
    """One box on a dashboard, as declared. Never written to once its dashboard class exists.

    A kind of component is a dataclass that derives from this, names a template and, where its
    values have a form, overrides ``prepare_value``.

    Args:
        template: the template that renders the value. Its context holds ``component`` and
            ``rendered_value``.
        value: the value, or a callable (sync or async) that returns it. A callable gets those
            of ``request``, ``object``, ``user``, ``filters`` and ``filterset`` that it names, all
            where it takes ``**kwargs``. ``get_<key>_value`` on the dashboard goes before it. Where
            values are pushed, a callable is what a page shows first; any other value only until
            the first push.
        defer: ``True`` to load the value only when the component comes into view, or a callable
            like ``value`` that is called then. ``get_<key>_defer`` goes before it.
        defer_url: where a deferred component loads from; by default its own address.
        key: its name in addresses and events; by default the attribute it is assigned to.
        title: the heading; by default made from the key. An empty string hides it.
        poll_rate: seconds between two loads from the server; ``None`` for none.
        trigger_on: an htmx trigger that loads it anew, such as ``"refresh from:body"``.
        dependents: keys of components that are loaded anew whenever this one changed.
        cta: a link shown below the value.
        icon: CSS classes of an icon shown in the heading.
        css_classes: CSS classes of the box, or a dict by part: ``box``, ``title``, ``icon``,
            ``content``, ``state``, ``cta``, and what a kind's own template asks for. Over those of
            ``DASHBOARDS["COMPONENT_CSS_CLASSES"]``.
        grid_css_classes: CSS classes that place the box in the grid, such as ``"span-6"``; by
            default ``DASHBOARDS["GRID_CSS_CLASSES"]``.
        live: ``True`` for values that are pushed; ``Every(seconds=…)`` or ``OnChange(Model)`` for
            a value that is computed while somebody watches. A computed value is shared by all
            viewers: it gets no request. With ``delivery="per_viewer"`` each page loads its own.
        permission_classes: who may see it, beside who may open the dashboard: classes, or dotted
            paths. For others it is not there: no box, no address, no updates. Where it is live,
            pages are only told to load it, so a computed value is computed for each of them.
    """

    template: str = ""
    value: Any = None
    defer: bool | Callable[..., Any] | None = None
    defer_url: str | None = None
    key: str | None = None
    title: str | None = None
    poll_rate: float | None = None
    trigger_on: str | None = None
    dependents: Sequence[str] = ()
    cta: CTA | None = None
    icon: str = ""
    css_classes: str | Mapping[str, str] = ""
    grid_css_classes: str = ""
    live: bool | Every | OnChange = False
    permission_classes: Sequence[PermissionClass] = ()

    is_personal: ClassVar[bool] = False
    """Whether each viewer is shown another, so that each page loads its own live value."""

    changed_event: ClassVar[str] = "htmx:after:swap"
    """The DOM event of its box that has its ``dependents`` loaded anew."""

    scripts: ClassVar[Sequence[str]] = ()
    """Static files that a page with this kind of component loads, deferred."""

    part_names: ClassVar[Sequence[str]] = ("box", "title", "icon", "content", "state", "cta")
    """The parts that ``css_classes`` may name, the outermost first. A kind whose template asks for
    more (``{{ component.parts.button }}``) adds their names."""

    @property
    def template_id(self) -> str | None:
        """The key, by the name that hand-written templates use for ``sse-swap``."""
        return self.key

    @property
    def series(self) -> int:
        """How many points are kept where values are appended, not replaced; else 0."""
        return 0

    def prepare_base(self) -> Any:
        """Return what the template shows before points are appended to it."""
        return None

    def prepare_points(self, value: Any) -> Sequence[str]:
        """Turn a value of a series into its points: JSON texts that are safe inside ``<script>``.

        Raises:
            ComponentValueError: when it is none that this kind of component can append.
        """
        msg = f"A {type(self).__name__} is no series, got {shorten(value)}."
        raise ComponentValueError(msg)

    def prepare_value(self, value: Any) -> Any:
        """Turn a value into what the template shows.

        Raises:
            ComponentValueError: when it is none that this kind of component can show.
        """
        return value

    def present(self, value: Any, bound: Bound) -> Any:  # noqa: ARG002 - for subclasses
        """Turn a value into what the template shows to whoever ``bound`` is bound to.

        A kind whose view depends on the request overrides this in place of ``prepare_value``.
        Without a request (a push, a value that is computed for everybody) there are no parameters.

        Args:
            value: the value.
            bound: the component as bound to one dashboard and request.

        Raises:
            ComponentValueError: when it is none that this kind of component can show.
        """
        return self.prepare_value(value)

    def render_cached(self, template: Any, value: Any) -> SafeString | None:  # noqa: ARG002 - for subclasses
        """Render a prepared value without running its template, where it is known what that says.

        Asked only where the template is the package's own; ``None`` where it has to be run.

        Args:
            template: the template, of any engine.
            value: the value.
        """
        return None

    def has_view_state(self, params: MultiValueDict[str, str]) -> bool:  # noqa: ARG002 - for subclasses
        """Whether these parameters of a viewer make it another than what everybody is shown."""
        return False

    @property
    def takes_params(self) -> bool:
        """True if it keeps its viewer's choices in the page's address, by its key."""
        return type(self).has_view_state is not Component.has_view_state

    def keep_params(self, params: MultiValueDict[str, str]) -> MultiValueDict[str, str]:
        """Return those of a component's parameters that it knows: addresses repeat no others.

        By default all, for a value may ask the request for any.
        """
        return params

    def get_response(self, bound: Bound) -> HttpResponseBase | None:  # noqa: ARG002 - for subclasses
        """Answer a request at its own address with something else than its HTML: a file, say."""
        return None

    def get_filters(self, bound: Bound) -> Filters | None:  # noqa: ARG002 - for subclasses
        """Return what a viewer has narrowed its ``dependents`` to: they get it in ``filters``."""
        return None

    @property
    def accepts_post(self) -> bool:
        """Whether a POST to its address is let through to ``post``, or answered 405."""
        return False

    def post(self, bound: Bound, request: HttpRequest) -> HttpResponseBase:
        """Answer a POST to its address. Access and the CSRF token have been checked."""
        raise NotImplementedError

    def get_value(self, **kwargs: Any) -> Any:
        """Return the value ready for the template, called where it is callable.

        Args:
            **kwargs: what a callable may ask for: ``request``, ``object``, ``user``, ``filters``,
                ``filterset``.
        """
        return self.prepare_value(resolve(self.value, **kwargs))


def resolve(value: Any, **kwargs: Any) -> Any:
    """Return a value, or what a callable returns when given what it names of ``kwargs``."""
    result = call(value, **kwargs)
    # Asked of the result: what returns one need not be an async function itself.
    if callable(value) and inspect.isawaitable(result):
        return async_to_sync(_wait_for)(result)
    return result


def call(value: Any, **kwargs: Any) -> Any:
    """Return a value, or what a callable returns: where that is awaited, before it was."""
    if not callable(value):
        return value
    names = names_of(value)
    if names is not None:
        kwargs = {name: kwarg for name, kwarg in kwargs.items() if name in names}
    return value(**kwargs)


_names: WeakKeyDictionary[Any, frozenset[str] | None] = WeakKeyDictionary()
"""By function, lest each value on each page be inspected anew."""


def names_of(value: Callable[..., Any]) -> frozenset[str] | None:
    """Return the names of a callable's parameters; ``None`` where it takes any."""
    # A method lives as long as its instance: what is remembered is of its function.
    function = getattr(value, "__func__", value)
    if not isinstance(function, FunctionType):
        return _inspect(value)
    try:
        return _names[function]
    except KeyError:
        return _names.setdefault(function, _inspect(value))


def _inspect(value: Callable[..., Any]) -> frozenset[str] | None:
    try:
        parameters = tuple(inspect.signature(value).parameters.values())
    except ValueError:
        parameters = ()  # Built in, such as time.time: it knows nothing of our names.
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


async def _wait_for(result: Awaitable[Any]) -> Any:
    return await result


def as_data(kind: str, data: type[D], value: Any, *, short: str) -> D:
    """Make a component's data object of a mapping of its fields, or of its one main field.

    Args:
        kind: the component's name, for the error.
        data: the data class; returned as it is where ``value`` is one already.
        value: a mapping, an instance of ``data``, or a value for the field ``short``.
        short: the field that a bare value stands for.

    Raises:
        ComponentValueError: the mapping has keys that the data class lacks, or lacks one.
    """
    if isinstance(value, data):
        return value
    fields = value if isinstance(value, Mapping) else {short: value}
    try:
        return data(**fields)
    except TypeError as error:
        allowed = ", ".join(inspect.signature(data).parameters)
        msg = f"A {kind}'s value may have {allowed}; got {shorten(value)}."
        raise ComponentValueError(msg) from error


def as_number(kind: str, field: str, value: Any) -> float:
    """Return a finite number.

    Raises:
        ComponentValueError: when it is none.
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if number - number != 0:  # NaN and the infinities differ from themselves
        msg = f"A {kind}'s {field} must be a finite number, got {shorten(value)}."
        raise ComponentValueError(msg)
    return number


@contextmanager
def declaring(component: Component, said: str) -> Iterator[None]:
    """Refuse a declaration for what a value would be refused for.

    Args:
        component: what is declared.
        said: what it says, as it stands in the declaration.

    Raises:
        DeclarationError: what is done inside raised a ``ComponentValueError``.
    """
    try:
        yield
    except ComponentValueError as error:
        msg = f"{type(component).__name__}({said}): {error}"
        raise DeclarationError(msg) from error


def as_decimals(kind: str, value: Any) -> int | None:
    """Return how many digits stand after the point, or ``None`` for as many as there are.

    Raises:
        ComponentValueError: when it is no whole number from 0 to 20.
    """
    if value is None or (type(value) is int and 0 <= value <= _MOST_DECIMALS):
        return value
    msg = (
        f"A {kind}'s decimals must be a whole number from 0 to {_MOST_DECIMALS}, "
        f"got {shorten(value)}."
    )
    raise ComponentValueError(msg)
