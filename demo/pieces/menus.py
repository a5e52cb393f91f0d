"""What leads from one dashboard of the demo to another."""

from typing import Any

from dashboards.menus.menu import DashboardMenu, MenuItem
from dashboards.menus.registry import menu_registry


@menu_registry.register
class Machine(DashboardMenu):
    app_label = "machine"


@menu_registry.register
class Ways(DashboardMenu):
    app_label = "ways"


@menu_registry.register
class Pieces(DashboardMenu):
    name = "The pieces"
    app_label = "pieces"

    @classmethod
    def get_items(cls, obj: Any = None) -> list[MenuItem]:
        embedded = MenuItem(title="In a page of your own", url="embedded")
        return [*super().get_items(obj), embedded]
