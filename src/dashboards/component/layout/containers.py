"""Layout objects that contain components: cards, tabs, and the layout itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from dashboards.component.errors import Failure, catch_errors
from dashboards.component.layout.base import (
    MAX_LEVEL,
    LayoutDashboard,
    LayoutObject,
    Rendering,
    are_hidden,
)
from dashboards.component.layout.leaves import Header
from dashboards.component.links import resolve_link
from dashboards.component.states import render_failed
from dashboards.exceptions import DeclarationError

_Child = str | LayoutObject
"""The key of a component, or a layout object."""


class HTMLComponentLayout(LayoutObject):
    """An element that contains components. Derive your own from it, with a template.

    The template's context contains ``components``, the content as HTML, and the attributes of the
    class::

        class DivWithImage(HTMLComponentLayout):
            template_name = "shop/div_with_image.html"
            image_url = ""

    Args:
        *components: keys of components, and layout objects.
        **attributes: values for attributes of the class.

    Raises:
        DeclarationError: a component is neither a key nor a layout object, or the class has no
            such attribute.
    """

    def __init__(self, *components: _Child, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._children = _check_children(type(self), components)

    @property
    def children(self) -> Sequence[_Child]:
        """The keys of components and the layout objects inside it."""
        return self._children

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return the context of its template, with ``components``."""
        inside = _render_children(self.children, self.prepare_inside(rendering))
        return {**super().get_context(rendering), "components": inside}

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return the rendering for its content: for example with the next level of headings."""
        return rendering


class ComponentLayout(HTMLComponentLayout):
    """The layout of a dashboard. Only components that it names are shown.

    Args:
        *components: keys of components, and layout objects.

    Raises:
        DeclarationError: a component is neither a key nor a layout object.
    """

    def __init__(self, *components: _Child) -> None:
        super().__init__(*components)

    def render(self, rendering: Rendering) -> SafeString:
        """Render the content, without an element around it."""
        return _render_children(self.children, rendering)


class Div(HTMLComponentLayout):
    """A plain element that contains components, with a grid of twelve columns of its own."""

    template_name = "dashboards/layout/div.html"

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return the rendering for its content."""
        return replace(rendering, is_placed=False)


class Card(HTMLComponentLayout):
    """A card that contains components.

    If its only content is one component, this shows no heading below the card's own heading,
    unless the component's ``title`` was declared.

    Args:
        heading: its heading; by default none.
        footer: a line at its end; by default none.
        image_url: a picture at its top; by default none.
        actions: links in its header, as pairs of URL and text.
    """

    template_name = "dashboards/layout/card.html"
    grid_css_classes = ""
    heading: Any = ""
    footer: Any = ""
    image_url: str = ""
    actions: Sequence[tuple[str, Any]] = ()

    part_names = ("card", "header", "image", "body", "footer")

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return the context of its template. Actions whose URL is not allowed are left out."""
        actions = [(resolve_link(target), text) for target, text in self.actions]
        shown = [(url, text) for url, text in actions if url is not None]
        return {**super().get_context(rendering), "actions": shown}

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return the rendering for its content."""
        rendering = replace(rendering, is_placed=False)
        if not self.heading:
            return rendering
        is_single = len(self.children) == 1 and isinstance(self.children[0], str)
        return replace(rendering, level=rendering.level + 1, is_titled=not is_single)


class Tab(HTMLComponentLayout):
    """One tab of a ``TabContainer``.

    Args:
        tab_label: its label.
        *components: keys of components, and layout objects.
    """

    template_name = "dashboards/layout/tab.html"
    part_names = ("panel", "li", "link")

    def __init__(self, tab_label: Any, *components: _Child, **attributes: Any) -> None:
        super().__init__(*components, **attributes)
        self.tab_label = tab_label

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return the rendering for its content."""
        return replace(rendering, is_placed=True)

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return the context of its template, with ``tab_label`` and ``id``."""
        label = str(self.tab_label)
        own = {"tab_label": label, "id": rendering.take_id(label)}
        return {**super().get_context(rendering), **own}


class TabContainer(HTMLComponentLayout):
    """Tabs; one is open. A deferred component loads when its tab is opened.

    Args:
        *tabs: the tabs.

    Raises:
        DeclarationError: an argument is not a ``Tab``.
    """

    template_name = "dashboards/layout/tabs.html"
    part_names = ("tab_container", "tab_list", "tab_content")
    scripts = ("dashboards/js/tabs.js",)

    def __init__(self, *tabs: Tab, **attributes: Any) -> None:
        for each in tabs:
            child: object = each
            if not isinstance(child, Tab):
                msg = f"{type(self).__name__}() takes Tab objects, got {each!r}."
                raise DeclarationError(msg)
        LayoutObject.__init__(self, **attributes)
        self._children = self._tabs = tabs

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return the context of its template, with ``tabs``: the context and content of each."""
        shown = [tab for tab in self._tabs if not tab.is_hidden(rendering.dashboard)]
        contexts = [(tab, tab.get_context(rendering)) for tab in shown]
        tabs = [
            {**context, "content": rendering.render(tab.template_name, context)}
            for tab, context in contexts
        ]
        return {**LayoutObject.get_context(self, rendering), "tabs": tabs}


def _check_children(kind: type[LayoutObject], children: Iterable[_Child]) -> tuple[_Child, ...]:
    for each in children:
        child: object = each
        if isinstance(child, Tab):
            msg = f"A Tab must stand in a TabContainer, not in a {kind.__name__}."
            raise DeclarationError(msg)
        if not isinstance(child, str | LayoutObject):
            msg = f"{kind.__name__}() takes keys of components and layout objects, got {each!r}."
            raise DeclarationError(msg)
    return tuple(children)


def _render_children(children: Sequence[_Child], rendering: Rendering) -> SafeString:
    render_box = rendering.dashboard.render_box
    level = min(rendering.level, MAX_LEVEL)
    html = [
        render_box(each, level=level, is_titled=rendering.is_titled, is_placed=rendering.is_placed)
        if isinstance(each, str)
        else _render_guarded(each, rendering)
        for each in _exclude_hidden(children, rendering.dashboard)
    ]
    return mark_safe("".join(html))  # noqa: S308 - each part is rendered by a template


def _exclude_hidden(children: Sequence[_Child], dashboard: LayoutDashboard) -> Iterator[_Child]:
    """Yield the children without those that reveal components which the viewer may not see.

    These are layout objects around hidden components only, and a heading above such.
    """
    for index, each in enumerate(children):
        below = _get_section(children[index + 1 :], each.size) if isinstance(each, Header) else []
        if not are_hidden([each, *below], dashboard):
            yield each


def _get_section(children: Iterable[_Child], size: int) -> list[_Child]:
    """Return the children below a heading, up to the next heading of its level or a higher one."""

    def is_below(other: _Child) -> bool:
        return not (isinstance(other, Header) and other.size <= size)

    return list(takewhile(is_below, children))


def _render_guarded(layout: LayoutObject, rendering: Rendering) -> SafeString:
    """Render a layout object; if it raises, render the components inside without it."""
    dashboard = rendering.dashboard
    html = catch_errors(
        lambda: layout.render(rendering),
        dashboard=type(dashboard).__name__,
        key=type(layout).__name__,
        part="layout",
    )
    if not isinstance(html, Failure):
        return html
    level = min(rendering.level, MAX_LEVEL)
    boxes = [
        dashboard.render_box(key, level=level, is_placed=rendering.is_placed)
        for key in layout.get_keys()
    ]
    return mark_safe(render_failed(dashboard.templates) + "".join(boxes))  # noqa: S308 - as above
