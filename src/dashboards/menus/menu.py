"""What leads from one page to another: declared once, and bound to each request anew."""

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

from dashboards.component.errors import Failure, catch_errors
from dashboards.component.links import resolve_link
from dashboards.component.values import call
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.permissions import grants
from dashboards.registry import registry


@dataclass(kw_only=True)
class MenuItem:
    """One entry of a menu. Never written to: what a page shows is a ``BoundItem``.

    Args:
        title: what it says; may be lazy.
        url: where it leads: an address, a view's name, or a callable that gets the request and
            returns either. Empty for a heading above its children.
        children: items below it, or a callable that gets the request and returns them.
        check_func: gets the request, and says whether the item is shown.
    """

    title: Any
    url: Any = ""
    children: Sequence["MenuItem"] | Callable[[HttpRequest], Iterable["MenuItem"]] | None = None
    check_func: Callable[[HttpRequest], bool] | None = None

    def is_allowed(self, request: HttpRequest) -> bool:
        """Whether this request is shown it."""
        return self.check_func is None or grants(self.check_func, request)

    def get_url(self, request: HttpRequest) -> str:
        """Return where it leads; empty where that is no address of a page."""
        return resolve_link(self.url(request) if callable(self.url) else self.url) or ""

    def bind(self, request: HttpRequest) -> "BoundItem | None":
        """Return it as one request is shown it; ``None`` where it is not."""
        if not self.is_allowed(request):
            return None
        children = self.children(request) if callable(self.children) else self.children
        bound = bind(children, request)
        url = self.get_url(request)
        if not url and not bound:
            return None  # A heading above nothing.
        return BoundItem(str(self.title), url, bound, request)


@dataclass(kw_only=True)
class DashboardMenuItem(MenuItem):
    """An entry that leads to a dashboard, for those who may open it.

    Args:
        dashboard: the class.
        object: what it is about, where it is about one object.
    """

    dashboard: type[Dashboard]
    object: Any = None

    def is_allowed(self, request: HttpRequest) -> bool:
        """Whether this request may open the dashboard."""
        try:
            return super().is_allowed(request) and self.dashboard.allows(request, self.object)
        except ImproperlyConfigured:
            return False  # A site without users: its page says why, when it is asked for.

    def get_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - for items of other kinds
        """Return the dashboard's address; empty where the request's URLconf lacks it."""
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
        obj: what it is about, where it is a ``ModelDashboard``.
        title: what it says; by default the dashboard's name.
        children: as those of a ``MenuItem``.
    """
    about = obj if issubclass(dashboard, ModelDashboard) else None
    return DashboardMenuItem(
        title=dashboard.without_components(object=about).name if title is None else title,
        children=children,
        dashboard=dashboard,
        object=about,
    )


class BoundItem:
    """An entry as one request is shown it.

    Args:
        title: what it says.
        url: where it leads; empty for a heading.
        children: what stands below it.
        request: the request.
    """

    visible = True
    """By this name older templates ask whether it is shown: what is not shown is not there."""

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
        """Whether it leads to the page that it is shown on.

        Where some item of the page's menus leads to just the page's address, query string and all,
        those which lead to its path alone are unmarked (``mark_exactly``).
        """
        return self.is_exact or self._address == self._request.path

    @cached_property
    def is_exact(self) -> bool:
        """Whether it leads to just the address of the page that it is shown on."""
        return self._address == self._request.get_full_path()

    @cached_property
    def _address(self) -> str:
        """Its path and query string; empty where it leads to another site."""
        parts = self._parts
        if self.is_external:
            return ""
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    @cached_property
    def open(self) -> bool:
        """Whether anything below it is the page that it is shown on."""
        return any(each.selected or each.open for each in self.children)

    @cached_property
    def is_external(self) -> bool:
        """Whether it leads to another site."""
        host = self._parts.netloc
        return bool(host) and host != self._request.get_host()

    @cached_property
    def _parts(self) -> SplitResult:
        try:
            return urlsplit(self.url)
        except ValueError:
            return urlsplit("")  # "//[" leads to no page, but is no reason to show none.


class Menu:
    """A section of the menu. Subclass it, override ``get_items``, register it.

    ``name`` is what it is called; ``get_items`` gets those of ``obj``, what the page's dashboard is
    about, and ``request`` that it names.
    """

    name: ClassVar[Any] = ""

    @classmethod
    def get_items(cls, obj: Any = None) -> Sequence[MenuItem] | None:
        """Return its items.

        Args:
            obj: what the dashboard of the page is about, where it is about one object.
        """
        raise NotImplementedError

    @classmethod
    def render(cls, request: HttpRequest, obj: Any = None) -> Sequence[BoundItem]:
        """Return the items that one request is shown."""
        return bind(call(cls.get_items, obj=obj, request=request), request)


class DashboardMenu(Menu):
    """A section of the dashboards of one app.

    ``app_label`` says which; ``name`` is by default the app's.
    """

    app_label: ClassVar[str] = ""

    @classmethod
    def get_items(cls, obj: Any = None) -> list[MenuItem]:
        """Return an item for each dashboard; those about one object only where ``obj`` is one."""
        shown = [
            each
            for each in registry
            if each.get_app_label() == cls.app_label
            and each._meta.include_in_menu  # noqa: SLF001 - ours
            and (not issubclass(each, ModelDashboard) or isinstance(obj, each.get_model()))
        ]
        made = (
            catch_errors(
                partial(make_dashboard_item, each, obj), dashboard=each.__name__, part="menu item"
            )
            for each in shown
        )
        return [each for each in made if not isinstance(each, Failure)]


def bind(items: Iterable[MenuItem] | None, request: HttpRequest) -> list[BoundItem]:
    """Return the items that one request is shown; an item that raises is left out."""

    def bind_one(item: MenuItem) -> BoundItem | None:
        bound = catch_errors(
            lambda: item.bind(request), dashboard=type(item).__name__, part="menu item"
        )
        return None if isinstance(bound, Failure) else bound

    bound = map(bind_one, items or ())
    return [each for each in bound if each is not None]


def mark_exactly(items: Iterable[BoundItem]) -> None:
    """Leave only items that lead to just the page's address marked, where there are such."""
    every = list(_walk(items))
    if any(each.is_exact for each in every):
        for each in every:
            each.selected = each.is_exact


def _walk(items: Iterable[BoundItem]) -> Iterator[BoundItem]:
    for each in items:
        yield each
        yield from _walk(each.children)


def make_default_menus() -> list[type[Menu]]:
    """Return a section for each app that has dashboards: the menu where none is registered."""
    return list(map(_make_app_menu, dict.fromkeys(each.get_app_label() for each in registry)))


@cache
def _make_app_menu(label: str) -> type[Menu]:
    return type("AppMenu", (DashboardMenu,), {"app_label": label})


def name_of(menu: type[Menu]) -> str:
    """Return what a section is called."""
    if not menu.name and issubclass(menu, DashboardMenu):
        labels: Mapping[str, Any] = apps.app_configs
        config = labels.get(menu.app_label)
        return str(config.verbose_name) if config else menu.app_label
    return str(menu.name)
