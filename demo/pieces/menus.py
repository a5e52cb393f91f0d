"""The menus of the demo."""

from typing import Any

from django.http import HttpRequest

from dashboards.menus.menu import DashboardMenu, Menu, MenuItem, make_dashboard_item
from dashboards.menus.registry import menu_registry
from demo.pieces.dashboards import charts, design, figures, forms, layout, requests, tables
from demo.pieces.dashboards.customer import CustomerBoard
from demo.pieces.models import Customer


@menu_registry.register
class Shop(DashboardMenu):
    app_label = "shop"


@menu_registry.register
class Machine(DashboardMenu):
    app_label = "machine"


@menu_registry.register
class Ways(DashboardMenu):
    app_label = "ways"


def is_staff(request: HttpRequest) -> bool:
    return requests.IsStaff().allows(request)


@menu_registry.register
class Pieces(Menu):
    name = "The pieces"

    @classmethod
    def get_items(cls, obj: Any = None) -> list[MenuItem]:
        items: list[MenuItem] = [
            make_dashboard_item(figures.Figures),
            make_dashboard_item(charts.Charts),
            make_dashboard_item(tables.Tables),
            make_dashboard_item(forms.Forms),
            make_dashboard_item(forms.Filtered),
            make_dashboard_item(layout.Layouts),
            make_dashboard_item(requests.Requests),
            make_dashboard_item(design.Design),
            make_dashboard_item(design.Branded),
            MenuItem(
                title="In a page of your own",
                children=[
                    MenuItem(title="By Django's templates", url="embedded"),
                    MenuItem(title="By Jinja2", url="embedded-jinja"),
                ],
            ),
            MenuItem(title="Be staff no more", url="/as/anybody/", check_func=is_staff),
            MenuItem(title="Django", url="https://www.djangoproject.com/"),
        ]
        # The page of a customer has an item about that customer, too.
        if isinstance(obj, Customer):
            items.append(make_dashboard_item(CustomerBoard, obj))
        return items
