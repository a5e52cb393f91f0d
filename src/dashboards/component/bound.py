"""A component bound to a dashboard instance: it has ids, addresses, a value and HTML."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe

from dashboards.component import rendering
from dashboards.component.addresses import Addresses
from dashboards.component.age import get_time, is_aging
from dashboards.component.base import Component
from dashboards.component.conversion import NEVER_MISSING, is_missing
from dashboards.component.errors import ErrorBoundary, Failure
from dashboards.component.filters import Filters
from dashboards.component.formats import is_number
from dashboards.component.htmx import get_trigger
from dashboards.component.links import CTA, resolve_link
from dashboards.component.live import LiveBinding
from dashboards.component.loading import ValueLoader
from dashboards.component.owner import Owner
from dashboards.component.release import read_time
from dashboards.component.rendering import Placement, Shown, render_frame
from dashboards.component.values import resolve
from dashboards.exceptions import ComponentValueError
from dashboards.live.wire.restricted import restricted_event
from dashboards.permission_classes import load
from dashboards.permissions import grants_all

T = TypeVar("T")


class BoundComponent:
    """The object that templates call ``component``.

    Attributes that it lacks are those of the declaration.

    Args:
        owner: the dashboard instance.
        component: the declaration.
        key: its key on the dashboard.
    """

    def __init__(self, owner: Owner, component: Component, key: str) -> None:
        self._owner = owner
        self.declaration = component
        self.key = key
        self.label = f"{type(owner).__name__}.{key}"
        """Its name in errors and logs: the dashboard's class and the key."""
        self.live = component.live
        """The ``live`` of its declaration."""
        self._facts = component._facts  # noqa: SLF001 - no part of the interface of kinds
        self.series = self._facts.series
        """The number of points that are kept if values are appended; else 0."""
        self.is_restricted = bool(component.permission_classes)
        """True if it has permissions of its own, beside those of its dashboard."""
        self.event = _get_secret_event(self.label) if self.is_restricted else key
        """The event name of its frames: the key; of a restricted component a secret name."""

    # The objects that it is used through. A push needs none of them.

    @cached_property
    def loader(self) -> ValueLoader:
        """The loader of its value."""
        return ValueLoader(self._owner, self)

    @cached_property
    def live_binding(self) -> LiveBinding | None:
        """Its live side; ``None`` if it is not live."""
        return LiveBinding(self._owner, self, self.loader) if self.live else None

    @cached_property
    def error_boundary(self) -> ErrorBoundary:
        """Calls the code of its author."""
        return ErrorBoundary(type(self._owner).__name__, self.key)

    @cached_property
    def addresses(self) -> Addresses:
        """Its addresses, and those of its page."""
        return Addresses(self._owner, self)

    def __getattr__(self, name: str) -> Any:
        # ``copy`` looks up "__setstate__" before there is a declaration.
        if name.startswith("_") or name == "declaration":
            raise AttributeError(name)
        # Kinds that users write have attributes and methods of their own.
        return getattr(self.declaration, name)

    def __repr__(self) -> str:
        return f"<{self.label}: {type(self.declaration).__name__}>"

    # The request and the page

    @property
    def request(self) -> HttpRequest | None:
        """The request that it is rendered for; ``None`` if it is rendered for all viewers."""
        return self._owner.request

    @property
    def object(self) -> Any:
        """The object of its dashboard; ``None`` if the dashboard has none."""
        return self._owner.object

    @cached_property
    def params(self) -> MultiValueDict[str, str]:
        """Its own parameters in the query string, of the page's address and of its own.

        ``?orders-sort=name`` is the ``sort`` of the component ``orders``. Empty without a request.
        """
        if self.request is None:
            return MultiValueDict()
        prefix = f"{self.key}-"
        given = self.request.GET.lists()
        return MultiValueDict(
            {name.removeprefix(prefix): values for name, values in given if name.startswith(prefix)}
        )

    # Names and ids

    @property
    def template_id(self) -> str:
        """The event name, as hand-written templates call it for ``sse-swap``."""
        return self.event

    @cached_property
    def dom_id(self) -> str:
        """The id of its element."""
        return f"{self._owner.dom_id}-{self.key}"

    @property
    def content_id(self) -> str:
        """The id of the element that its updates are swapped into."""
        return f"{self.dom_id}-content"

    @property
    def kind(self) -> str:
        """The name of its kind, for CSS."""
        return self._facts.kind

    @property
    def title(self) -> str:
        """The heading."""
        declared = self.declaration.title
        return rendering.words_of(self.key) if declared is None else str(declared)

    @property
    def parts(self) -> dict[str, str]:
        """Its CSS classes by part: those of the settings, and over them the declared ones."""
        return rendering.get_parts(self._owner, self)

    @property
    def cta(self) -> CTA | None:
        """The link below its value with its address; ``None`` for no link, or an unsafe one."""
        cta = self.declaration.cta
        return None if cta is None else self._resolve(cta)

    @property
    def menu_links(self) -> Sequence[CTA]:
        """The links in its menu with their addresses, without unsafe ones."""
        return [link for each in self.declaration.menu or () if (link := self._resolve(each))]

    def _resolve(self, cta: CTA) -> CTA | None:
        href = resolve_link(cta.get_target(), self._owner.object)
        return None if href is None else CTA(href, cta.text)

    def get_needed_scripts(self) -> Sequence[str]:
        """Return the static files that it needs, as its page can load it."""
        scripts: Sequence[str] | Failure | None = self._facts.scripts
        if scripts is None:
            scripts = self._attempt(lambda: list(self.declaration.scripts), "scripts")
        if isinstance(scripts, Failure):
            return ()
        if self.is_deferred and self.is_batched:
            return [*scripts, "dashboards/js/deferred.js"]
        return scripts

    # Access

    @cached_property
    def is_allowed(self) -> bool:
        """True if the request may see it, or there is no request.

        A permission class that raises refuses.
        """
        request, instance = self._owner.request, self._owner.object
        if request is None or not self.is_restricted:
            return True

        def ask() -> bool:
            permissions = load(self.declaration.permission_classes)
            return grants_all(permissions, request, instance, dashboard=type(self._owner))

        return self._attempt(ask, "permission") is True

    # How its viewer sees it

    @cached_property
    def own_filters(self) -> Filters | None:
        """The filters that its viewer has set for its ``dependents``, if it is such a form.

        A form that cannot be made fails its own box, not those of its ``dependents``.
        """

        def read() -> Filters | None:
            filters = self.declaration.get_filters(self)
            return filters and filters.read()

        filters = self._attempt(read, "form")
        return None if isinstance(filters, Failure) else filters

    @cached_property
    def is_filtered(self) -> bool:
        """True if the page is filtered, so that the shared value would be wrong here.

        The points of a series, and a value that reads no filters, are the same for all viewers.
        """
        if self.series:
            return False
        is_active = any(each.is_active for each in self.loader.form_filters)
        return (is_active or self._owner.is_filtered) and self.loader.uses_filters

    @property
    def takes_params(self) -> bool:
        """True if its viewer can customize it, by parameters of the page's address."""
        return self._facts.takes_params and self.is_loadable

    @property
    def is_customized(self) -> bool:
        """True if this viewer sorted, searched or paged it: the shared HTML cannot be used."""
        request = self._owner.request
        # Most requests have no parameters at all, and a page reads this several times a box.
        if request is None or not request.GET:
            return False
        return self.declaration.has_view_state(self.params) and self.is_loadable

    # Its value

    @cached_property
    def is_deferred(self) -> bool:
        """True if the page is sent without its value."""
        return self.loader.defer_source is not None

    @property
    def is_batched(self) -> bool:
        """True if it loads together with others: it is deferred, and has no ``defer_url``."""
        return self.is_deferred and not self.declaration.defer_url

    @property
    def is_loadable(self) -> bool:
        """True if its value can be loaded at any time, not only when it is pushed."""
        return self.live is not True or self.is_deferred or callable(self.loader.source)

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """The arguments that callables may name."""
        return self.loader.call_kwargs

    def compute(self) -> Any:
        """Return its value as it is declared, called if it is callable."""
        return resolve(self.loader.source, **self.loader.call_kwargs)

    def get_value(self) -> Any:
        """Return its value ready for the template; of a deferred component the one loaded later."""
        return self.prepare(self.loader.get())

    def prepare(self, value: Any) -> Any:
        """Return a value ready for the template; of a series, the points to append.

        Raises:
            ComponentValueError: the component cannot show the value.
        """
        component = self.declaration
        if type(value) not in NEVER_MISSING and is_missing(value) and not is_number(value):
            value = None
        try:
            if self.series:
                return component.prepare_points(value)
            return component.prepare_value(value, self)
        except ComponentValueError as error:
            msg = f"{self.label}: {error}"
            raise type(error)(msg) from error
        except RecursionError as error:
            msg = f"{self.label}: the value is nested too deeply, or contains itself."
            raise ComponentValueError(msg) from error

    # Its live side

    @property
    def is_computed(self) -> bool:
        """True if its value is computed once for all viewers, not pushed."""
        return self.live_binding is not None and self.live_binding.is_computed

    @property
    def is_refreshed(self) -> bool:
        """True if an update tells each page to load its own value."""
        return self.live_binding is not None and self.live_binding.is_refreshed

    def get_frame(self) -> str | None:
        """Return the newest frame that this release can show; ``None`` if there is none."""
        if not self.live:
            return None
        is_pushed = self.live is True
        frame = self._owner.get_stored_frame(
            self.key, is_restricted=is_pushed and self.is_restricted
        )
        if frame is None:
            return None
        release = self.declaration._release  # noqa: SLF001 - no part of the interface of kinds
        return frame if release.shows(frame, is_pushed=is_pushed) else None

    @property
    def value_time(self) -> float | None:
        """The time of the value that its page shows, since 1970; ``None`` if it is not known."""
        if not is_aging(self):
            return None
        is_own = self.loader.pending is not None or self.loader.is_needed
        if is_own or (frame := self.get_frame()) is None:
            return get_time()
        return read_time(frame)

    # Rendering

    @property
    def trigger(self) -> str:
        """When it loads from the server, as ``hx-trigger``; empty for never."""
        dependencies = self._owner.components.get_dependencies(self.key)
        return get_trigger(self, self.live_binding, dependencies)

    def render_box(
        self, *, level: int = 2, is_titled: bool = True, is_placed: bool = True
    ) -> SafeString:
        """Render its heading and box, with its value if the page need not wait for it.

        Args:
            level: the heading's level.
            is_titled: False to leave out a heading that is made from the key.
            is_placed: True if it stands in the dashboard's grid, not in a card.
        """
        return rendering.render_box(
            self._owner,
            self,
            self.live_binding,
            Placement(level, is_titled or self.declaration.title is not None, is_placed),
        )

    def __str__(self) -> str:
        return self.render_box()

    def __html__(self) -> str:
        return self.render_box()

    def show(self, make: Callable[[], SafeString | None], *, is_loaded: bool = False) -> Shown:
        """Return the content of its box and its state; errors of the author's code are caught.

        Args:
            make: renders the content; returns ``None`` for none, or for nothing new.
            is_loaded: True for a page that loads the box and keeps its last good value.
        """
        return rendering.show(self._owner, self, self.live_binding, make, is_loaded=is_loaded)

    def render_content(self) -> SafeString | None:
        """Render the content of the box for a page; ``None`` if the page must load it later."""
        if self.loader.pending is not None or self.loader.is_needed:
            return self._owner.templates.render_value(self, self.get_value())
        if self.loader.shows_frame and (frame := self.get_frame()) is not None:
            return render_frame(frame)
        return None

    def render(self, value: Any) -> SafeString:
        """Render a prepared value: the content of the box, and of a frame."""
        return self._owner.templates.render_value(self, value)

    def render_alone(self, value: Any) -> SafeString:
        """Render a prepared value in a page of its own, with a link to the dashboard's page."""
        context = {"dashboard": self._owner, "component": self, "content": self.render(value)}
        html = self._owner.templates.render("dashboards/alone.html", context)
        return mark_safe(html)  # noqa: S308 - rendered by a template, which escapes

    # Requests to its address

    def get_response(self) -> HttpResponseBase | None:
        """Return a response that is not its HTML, such as a file; ``None`` for its HTML.

        A file that cannot be made is answered 503, which a browser shows as a failed download.
        """
        response = self._attempt(lambda: self.declaration.get_response(self), "file")
        return HttpResponse(status=503) if isinstance(response, Failure) else response

    def _attempt(self, run: Callable[[], T], part: str) -> T | Failure:
        """Call an author's code; the first failure of a box is logged, and makes it fail."""
        return self.error_boundary.call(run, part, self._owner.transactions)


def _get_secret_event(label: str) -> str:
    name = salted_hmac("dashboards.event", label, algorithm="sha256").hexdigest()[:16]
    return restricted_event(name)
