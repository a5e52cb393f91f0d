"""A page of components: declared as a class, bound as an instance to one request."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.forms import BaseForm
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.safestring import SafeString, mark_safe

from dashboards.compat import OldDashboard, refuse_old_dashboard
from dashboards.component.addresses import without_pages
from dashboards.component.bound import BoundComponent
from dashboards.component.errors import Failure, catch_errors
from dashboards.component.filters import Filters
from dashboards.component.layout import ComponentLayout, Rendering
from dashboards.component.pending import gather_values
from dashboards.component.states import render_failed
from dashboards.dashboard.live import LiveMixin
from dashboards.dashboard.misplaced import refuse_misplaced
from dashboards.dashboard.options import get_names
from dashboards.dashboard.permissions import PermissionMixin
from dashboards.dashboard.query import get_params, keep_known
from dashboards.dashboard.time_range import PARAMETERS, has_shared_time
from dashboards.exceptions import DeclarationError
from dashboards.live.compute.inline import must_run_inline, render_inline
from dashboards.live.stores import get_store

T = TypeVar("T")

_key_owners: WeakKeyDictionary[HttpRequest, dict[str, type["Dashboard"]]] = WeakKeyDictionary()
"""By request and key, the dashboard whose component uses that key's parameters of the URL."""


@cache
def get_default_name(class_name: str) -> str:
    """Return a title made from a class name: "Open orders" for ``OpenOrdersDashboard``."""
    words = "".join(f" {c}" if c.isupper() else c for c in class_name)
    return words.strip().removesuffix(" Dashboard").capitalize()


class Dashboard(PermissionMixin, LiveMixin, OldDashboard):
    """A page of components. Subclass it, assign components, register it.

    An instance is bound to one request. It has no request where a value is pushed, or is computed
    for all viewers. ``get_<key>_value`` and ``get_<key>_defer`` methods give components their
    values.

    An ``__init__`` of your own may add components to the instance: ``self.components["key"] =
    Text(…)``, after ``super().__init__()``. They load, stream and can be pushed to like any other,
    if the instance that is created without a request has them, too. A component that depends on
    the request is shown and loaded for that request only: it is not computed for all viewers, and a
    push to it raises ``UnknownComponentError``.

    Args:
        request: the request that the page, component or stream is served to.
        object: the object that the dashboard is about, if it is about one.
        user: the user that it is for, where there is no request: to push to a dashboard whose
            audience is one user.
    """

    class Layout:
        """The place of each component. The default is a grid of all components.

        A subclass sets ``components``.
        """

        components: ComponentLayout | None = None

    is_on_wall: bool = False
    """True on a page on a wall (``?kiosk``), which has no filters: nobody can fill them in."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse attributes that this package has under other names, or in other places.

        Raises:
            DeclarationError: there is one.
        """
        super().__init_subclass__(**kwargs)
        refuse_old_dashboard(cls.__name__, vars(cls))
        refuse_misplaced(cls, get_names(cls._options))

    @classmethod
    def check_declaration(cls) -> None:
        """Check that the class can be served; called on registration.

        Raises:
            DeclarationError: something is missing.
        """

    @classmethod
    def get_object(cls, request: HttpRequest, **kwargs: Any) -> Any:  # noqa: ARG003 - for subclasses
        """Return the object that a URL names, or None if its URLs name no object.

        Raises:
            Http404: there is no such object.
        """
        return None

    @classmethod
    def missing_message(cls) -> str:
        """Return the text of a 404 for an object that is missing or not shown."""
        return ""

    # Names.

    @property
    def name(self) -> str:
        """The page's title."""
        return str(self._meta.name) or get_default_name(type(self).__name__)

    @property
    def entry_title(self) -> str:
        """The text of its entries in menus and in the index."""
        return self.name

    @cached_property
    def heading(self) -> str:
        """The name as the page shows it; if ``name`` raises, the words of the class name."""
        name = self._guard(lambda: str(self.name), "name")
        return get_default_name(type(self).__name__) if isinstance(name, Failure) else name

    @cached_property
    def dom_id(self) -> str:
        """The id of its element in the page."""
        return self.get_url_name()

    def _guard(self, run: Callable[[], T], part: str) -> T | Failure:
        return catch_errors(run, dashboard=type(self).__name__, part=part)

    # Filters.

    @cached_property
    def _filters(self) -> Filters | None:
        """The filter form of the request: built and validated once for each instance."""
        form_class = self._meta.filter_form
        if form_class is None:
            return None
        filters = self._guard(lambda: Filters(form_class, self.request).read(), "filter form")
        return None if isinstance(filters, Failure) else filters

    @cached_property
    def _params(self) -> QueryDict:
        """The parameters of the request that may be filters."""
        return get_params(self.request) if self.request else QueryDict()

    @property
    def filters(self) -> Mapping[str, Any]:
        """The filters of the request.

        With ``Meta.filter_form`` the cleaned value of each of its fields, sent or not; without one
        the query string.
        """
        if self._filters is not None:
            return self._filters.values
        if self._meta.filter_form is not None:
            return {}  # The form failed, so the query string has not been cleaned.
        params = self._params
        if not params:  # As on most pages; each component asks.
            return {}
        given = params.dict()
        if PARAMETERS.isdisjoint(given) or not self.time_ranges:
            return given
        return {name: given[name] for name in given if name not in PARAMETERS}

    @property
    def filterset(self) -> Any:
        """The ``FilterSet`` of the request, with its ``qs``; None if the filter form is none."""
        return None if self._filters is None else self._filters.get_filterset()

    @property
    def filter_form(self) -> BaseForm | None:
        """The form above the components; None if there is none."""
        return None if self._filters is None else self._filters.form

    @cached_property
    def is_filtered(self) -> bool:
        """True if this request has filters, so that shared values cannot be shown to it."""
        if self._filters is not None:
            return self._filters.is_active
        if self.request is None or not self.request.GET:
            return False
        prefixes = tuple(f"{key}-" for key in self.components)
        return any(not name.startswith(prefixes) for name in self.filters)

    @cached_property
    def kept(self) -> QueryDict:
        """The parameters of the request that the URLs on its page repeat."""
        shares_time = bool(self.time_ranges)
        return keep_known(self.request, self, self._filters, shares_time=shares_time)

    @cached_property
    def query(self) -> str:
        """The query string with which its components are requested."""
        return self.kept.urlencode()

    def render_filters(self) -> SafeString:
        """Render the filter form; return an empty string if there is none."""
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
            "others": self._filters.get_others(without_pages(self.kept, self)),
            "sent": self._filters.sent,
            "is_active": self._filters.is_active,
        }
        return mark_safe(  # noqa: S308 - rendered by a template, which escapes
            self.templates.render("dashboards/filters.html", context)
        )

    # Time.

    @cached_property
    def time_ranges(self) -> Sequence[str]:
        """The choices of the range of time that its charts share; empty if none share it.

        A filter form may have a field of the name of a parameter that the range needs.
        """
        filters = self._filters
        if filters is not None and any(filters.is_own(name) for name in PARAMETERS):
            return ()
        kind = type(self)
        shares_time = kind.shares_time or (
            kind.is_dynamic and has_shared_time(each.declaration for each in self)
        )
        return self._meta.time_ranges if shares_time else ()

    @property
    def time_range(self) -> str:
        """The range that its charts show first."""
        return self._meta.time_range

    # Layout and rendering.

    @property
    def scripts(self) -> Sequence[str]:
        """The static files that its components and its layout need, each once."""
        paths: list[str] = []
        for each in self:
            paths.extend(each.get_needed_scripts())
        layout = self.Layout.components
        if layout is not None:
            scripts = self._guard(lambda: list(layout.get_scripts()), "layout")
            paths.extend([] if isinstance(scripts, Failure) else scripts)
        return list(dict.fromkeys(paths))

    def render_components(self) -> SafeString:
        """Render its layout, or the boxes of all components if it has none."""
        layout = self.Layout.components
        boxes = shown = [
            each for each in self if not (self.is_on_wall and each.declaration.is_filter)
        ]
        if layout is not None:
            # A layout may name a component twice. If it cannot return its keys, nothing is started.
            named = self._guard(lambda: dict.fromkeys(layout.get_keys()), "layout")
            keys = () if isinstance(named, Failure) else named
            shown = [self.components[key] for key in keys if self.shows(key)]
        for each in shown:
            each.loader.prefetch()
        # Awaited values are awaited together: the page takes as long as the slowest, not as all.
        gather_values([each.loader.pending for each in shown if each.loader.pending])
        if layout is not None:
            html = self._guard(lambda: layout.render(Rendering(self)), "layout")
            if not isinstance(html, Failure):
                return html
        return mark_safe("".join([each.render_box() for each in boxes]))  # noqa: S308 - rendered by a template

    def shows(self, key: str) -> bool:
        """Return True if it has such a component, its page has it, and its request may see it."""
        component = self.components.find(key)
        return component is not None and not (self.is_on_wall and component.declaration.is_filter)

    def render_box(
        self, key: str, *, level: int = 2, is_titled: bool = True, is_placed: bool = True
    ) -> SafeString:
        """Render a component's heading and box; return an empty string if it is not shown.

        Args:
            key: the component's key.
            level: the level of the heading.
            is_titled: True to show a heading that was only made from the key.
            is_placed: True if the box is in the dashboard's grid, False if it is in a card.
        """
        # A layout may name components that only some instances have.
        if not self.shows(key):
            return SafeString()
        bound = self.components[key]
        return bound.render_box(level=level, is_titled=is_titled, is_placed=is_placed)

    def render_content(self, key: str) -> SafeString | None:
        """Render the content of a component's box, or return None if the page must load it later.

        Raises:
            DeclarationError: another dashboard on the page uses the same parameters of the URL.
        """
        component = self.components[key]
        if component.takes_params:
            self._check_parameters(component)
        content = component.render_content()
        if (
            content is None
            and component.is_computed
            and not (component.is_deferred or component.series)
        ):
            computed = self._computed_values.get(key)
            if computed is None:
                # Only this request's instance has the component, so it is not computed elsewhere.
                return component.render(component.get_value())
            if must_run_inline():
                # Within a test's transaction no other thread can compute the value.
                html = render_inline(get_store(), self.channel, computed)
                content = html if isinstance(html, SafeString) else None
        return content

    def load_content(self, key: str, *, is_due: bool = True) -> SafeString | None:
        """Render a component's content for a request of its own, or return None if it is not ready.

        Args:
            key: the component's key.
            is_due: True to compute shared values first, if they are due.
        """
        component = self.components[key]
        if component.is_customized:
            return component.render(component.get_value())
        if component.is_computed:
            if is_due:
                self.compute_due(deferred=True)
        elif component.is_deferred and not component.series:
            return component.render(component.get_value())
        return self.render_content(key)

    def _check_parameters(self, component: BoundComponent) -> None:
        """Refuse a component whose URL parameters are those of another dashboard on the page.

        Raises:
            DeclarationError: another dashboard on the page has a component with the same key.
        """
        if self.request is None:
            return
        key = component.key
        first = _key_owners.setdefault(self.request, {}).setdefault(key, type(self))
        if first is not type(self):
            msg = (
                f"{component.label}: {first.__name__}.{key} is on the same page, and the "
                f"parameters of both begin with {key!r} in its URL (?{key}-…): give one of them "
                "another key."
            )
            raise DeclarationError(msg)
