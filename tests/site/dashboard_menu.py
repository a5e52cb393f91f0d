"""The menu, in a module with the name that django-dashboards uses."""

from collections.abc import Sequence
from typing import Any

from dashboards.menus.menu import DashboardMenu, Menu, MenuItem, make_dashboard_item
from dashboards.menus.registry import menu_registry
from tests.site.dashboards import Quiet, Staff


@menu_registry.register
class Site(DashboardMenu):
    app_label = "site"


@menu_registry.register
class Books(DashboardMenu):
    app_label = "books"


ITEMS = (
    MenuItem(title="Wiki & more", url="https://wiki.example/"),
    MenuItem(
        title="Group",
        children=[make_dashboard_item(Quiet), make_dashboard_item(Staff, title="For staff")],
    ),
    MenuItem(title="Never", url="/never/", check_func=lambda request: False),
)


@menu_registry.register
class Elsewhere(Menu):
    name = "Elsewhere"

    @classmethod
    def get_items(cls, obj: Any = None) -> Sequence[MenuItem]:
        return ITEMS
