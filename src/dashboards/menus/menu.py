"""Menus: their items are declared once, and bound to each request."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar
from urllib.parse import SplitResult, urlsplit

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.functional import cached_property

from dashboards.compat import OldBoundItem
from dashboards.component.errors import Failure, catch_errors
from dashboards.component.links import resolve_link
from dashboards.component.values import call
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.permissions import grants
from dashboards.registry import registry


@dataclass(kw_only=True)
class MenuItem:
    """An entry of a menu. It is not changed by requests: pages show a ``BoundItem`` of it.

    Args:
        title: its text; it may be lazy.
        url: its target: a URL, the name of a view, or a callable that gets the request and returns
            either. Empty for a heading above its children.
        children: the items below it, or a callable that gets the request and returns them.
        check_func: gets the request, and returns True if the item is shown.
    """

    title: Any
    url: Any = ""
    children: Sequence["MenuItem"] | Callable[[HttpRequest], Iterable["MenuItem"]] | None = None
    check_func: Callable[[HttpRequest], bool] | None = None

    def is_allowed(self, request: HttpRequest) -> bool:
        """Return True if this request may see the item."""
        return self.check_func is None or grants(self.check_func, request)

    def get_url(self, request: HttpRequest) -> str:
        """Return its URL; an empty string if it leads to no page."""
        return resolve_link(self.url(request) if callable(self.url) else self.url) or ""

    def bind(self, request: HttpRequest) -> "BoundItem | None":
        """Return the item for one request, or None if the request may not see it."""
        if not self.is_allowed(request):
            return None
        children = self.children(request) if callable(self.children) else self.children
        bound = bind(children, request)
        url = self.get_url(request)
        if not url and not bound:
            return None  # A heading without items below it.
        return BoundItem(str(self.title), url, bound, request)


@dataclass(kw_only=True)
class DashboardMenuItem(MenuItem):
    """An entry that leads to a dashboard. Only requests that may open the dashboard see it.

    Args:
        dashboard: the class.
        object: the object of the dashboard, if it has one.
    """

    dashboard: type[Dashboard]
    object: Any = None

    def is_allowed(self, request: HttpRequest) -> bool:
        """Return True if this request may open the dashboard."""
        try:
            return super().is_allowed(request) and self.dashboard.allows(request, self.object)
        except ImproperlyConfigured:
            return False  # The site has no users. The dashboard's page shows this error.

    def get_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - for items of other kinds
        """Return the dashboard's URL; an empty string if the request's URLconf has none."""
        try:
            return self.dashboard.without_components(object=self.object).get_absolute_url()
        except NoReverseMatch:
            return ""


def make_dashboard_item(
    dashboard: type[Dashboard],
    obj: Any = None,
    title: Any = None,
    children: Sequence[MenuItem] | Callable[[HttpRequest], Iterable[MenuItem]] | None = None,
) -> DashboardMenuItem:
    """Return an entry that leads to a dashboard.

    Args:
        dashboard: the class.
        obj: its object, if it is a ``ModelDashboard``.
        title: the text of the entry; by default that of the object, or the dashboard's name.
        children: the items below it, as in ``MenuItem``.
    """
    instance = obj if issubclass(dashboard, ModelDashboard) else None
    return DashboardMenuItem(
        title=dashboard.without_components(object=instance).entry_title if title is None else title,
        children=children,
        dashboard=dashboard,
        object=instance,
    )


class BoundItem(OldBoundItem):
    """An entry of a menu for one request.

    Args:
        title: its text.
        url: its URL; empty for a heading.
        children: the items below it.
        request: the request.
    """

    def __init__(
        self, title: str, url: str, children: Sequence["BoundItem"], request: HttpRequest
    ) -> None:
        self.title = title
        self.url = url
        self.children = children
        self._request = request

    def __str__(self) -> str:
        return self.title

    @cached_property
    def selected(self) -> bool:
        """True if it leads to the page that it is shown on.

        If an item of the page's menus has the page's URL with its query string, items with the
        page's path only are not selected: see ``mark_exactly``.
        """
        return self.is_exact or self._address == self._request.path

    @cached_property
    def is_exact(self) -> bool:
        """True if its URL is that of the page that it is shown on, including the query string."""
        return self._address == self._request.get_full_path()

    @cached_property
    def _address(self) -> str:
        """Its path and query string; empty if it leads to another site."""
        parts = self._parts
        if self.is_external:
            return ""
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @cached_property
    def open(self) -> bool:
        """True if an item below it leads to the page that it is shown on."""
        return any(each.selected or each.open for each in self.children)

    @cached_property
    def is_external(self) -> bool:
        """True if it leads to another site."""
        host = self._parts.netloc
        return bool(host) and host != self._request.get_host()

    @cached_property
    def _parts(self) -> SplitResult:
        try:
            return urlsplit(self.url)
        except ValueError:
            return urlsplit("")  # A URL such as "//[" is invalid, but must not break the page.


class Menu:
    """A section of the menu. Subclass it, override ``get_items``, register it.

    ``name`` is its title. ``get_items`` may have the arguments ``obj``, the object of the page's
    dashboard, and ``request``.
    """

    name: ClassVar[Any] = ""

    @classmethod
    def get_items(cls, obj: Any = None) -> Sequence[MenuItem] | None:
        """Return its items.

        Args:
            obj: the object of the page's dashboard, if it has one.
        """
        raise NotImplementedError

    @classmethod
    def render(cls, request: HttpRequest, obj: Any = None) -> Sequence[BoundItem]:
        """Return the items that a request may see."""
        return bind(call(cls.get_items, obj=obj, request=request), request)


class DashboardMenu(Menu):
    """A section with the dashboards of one app.

    ``app_label`` is the label of the app; ``name`` is by default the name of the app.
    """

    app_label: ClassVar[str] = ""

    @classmethod
    def get_dashboards(cls) -> list[type[Dashboard]]:
        """Return the dashboards of the app that menus include."""
        return [
            each
            for each in registry
            if each.get_app_label() == cls.app_label and each._meta.include_in_menu  # noqa: SLF001 - ours
        ]

    @classmethod
    def get_items(cls, obj: Any = None) -> list[MenuItem]:
        """Return an item for each dashboard. A ``ModelDashboard`` needs an ``obj`` of its model.

        Its title is the text of the object; of several about the object, the titles of their pages.
        """
        shown = [
            each
            for each in cls.get_dashboards()
            if not issubclass(each, ModelDashboard) or isinstance(obj, each.get_model())
        ]
        are_several = sum(issubclass(each, ModelDashboard) for each in shown) > 1

        def make(dashboard: type[Dashboard]) -> MenuItem:
            has_title = are_several and issubclass(dashboard, ModelDashboard)
            title = dashboard.without_components(object=obj).name if has_title else None
            return make_dashboard_item(dashboard, obj, title)

        made = (
            catch_errors(partial(make, each), dashboard=each.__name__, part="menu item")
            for each in shown
        )
        return [each for each in made if not isinstance(each, Failure)]


def bind(items: Iterable[MenuItem] | None, request: HttpRequest) -> list[BoundItem]:
    """Return the items that a request may see; an item that raises is left out."""

    def bind_one(item: MenuItem) -> BoundItem | None:
        bound = catch_errors(
            lambda: item.bind(request), dashboard=type(item).__name__, part="menu item"
        )
        return None if isinstance(bound, Failure) else bound

    bound = map(bind_one, items or ())
    return [each for each in bound if each is not None]


def mark_exactly(items: Iterable[BoundItem]) -> None:
    """If an item has exactly the page's URL, select only such items."""
    every = list(_walk(items))
    if any(each.is_exact for each in every):
        for each in every:
            each.selected = each.is_exact


def _walk(items: Iterable[BoundItem]) -> Iterator[BoundItem]:
    for each in items:
        yield each
        yield from _walk(each.children)


def get_default_menus() -> list[type[DashboardMenu]]:
    """Return a section for each app that has dashboards. It is used if no menu is registered."""
    return list(map(_get_app_menu, dict.fromkeys(each.get_app_label() for each in registry)))


@cache
def _get_app_menu(label: str) -> type[DashboardMenu]:
    return type("AppMenu", (DashboardMenu,), {"app_label": label})


def name_of(menu: type[Menu]) -> str:
    """Return the title of a section."""
    if not menu.name and issubclass(menu, DashboardMenu):
        labels: Mapping[str, Any] = apps.app_configs
        config = labels.get(menu.app_label)
        return str(config.verbose_name) if config else menu.app_label
    return str(menu.name)
