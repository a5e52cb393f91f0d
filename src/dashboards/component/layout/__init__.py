"""Layouts of dashboards. Import from here: ``from dashboards.component.layout import Card, …``."""

from dashboards.compat import refuse_imports
from dashboards.component.layout.base import LayoutObject, Rendering
from dashboards.component.layout.containers import (
    Card,
    ComponentLayout,
    Div,
    HTMLComponentLayout,
    Tab,
    TabContainer,
)
from dashboards.component.layout.leaves import HR, HTML, Header

__all__ = [
    "HR",
    "HTML",
    "Card",
    "ComponentLayout",
    "Div",
    "HTMLComponentLayout",
    "Header",
    "LayoutObject",
    "Rendering",
    "Tab",
    "TabContainer",
]

__getattr__ = refuse_imports(__name__)
