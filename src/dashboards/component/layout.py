"""Where components stand on a page: cards, tabs, headings and plain HTML around them.

A layout is declared once, on the class, and holds nothing of any request: what belongs to one
page is in the ``Rendering`` that is handed down while the page is made.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, ClassVar, Protocol

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from dashboards.component.css import classes_by_part
from dashboards.component.errors import Failure, catch_errors
from dashboards.component.links import resolve_link
from dashboards.component.states import render_failed
from dashboards.component.templates import Templates
from dashboards.exceptions import DeclarationError

_MAX_LEVEL = 6


class Shown(Protocol):
    """What a layout needs of the dashboard that it lays out."""

    @property
    def dom_id(self) -> str:
        """The id of the dashboard's element."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """``settings.DASHBOARDS`` with its defaults, as it is while the request is answered."""

    @property
    def templates(self) -> Templates:
        """What renders templates for its request."""

    def shows(self, key: str) -> bool:
        """Return True if it has such a component, and this request may see it."""

    def render_box(
        self, key: str, *, level: int = 2, is_titled: bool = True, is_placed: bool = True
    ) -> SafeString:
        """Render a component's heading and box; empty where this request may not see it."""


@dataclass(frozen=True)
class Rendering:
    """One page in the making."""

    dashboard: Shown
    level: int = 2
    """The level of the next heading inside."""
    is_titled: bool = True
    """Whether a component inside shows a heading that was only made from its key."""
    is_placed: bool = True
    """Whether what is inside stands in the dashboard's grid, not in a card or a div."""
    taken: set[str] = field(default_factory=set)
    """The ids that tabs have on this page."""

    def render(self, template_name: str, context: dict[str, Any]) -> SafeString:
        """Render a template for the page's request."""
        html = self.dashboard.templates.render(template_name, context)
        return mark_safe(html)  # noqa: S308 - rendered by a template, which escapes

    def take_id(self, name: str) -> str:
        """Return an id made from a name, the same for each rendering of the same layout.

        Two dashes: no id of a component has them, for its key begins with none.
        """
        slug = slugify(name, allow_unicode=True) or "tab"
        free = f"{self.dashboard.dom_id}--{slug}"
        number = 1
        while free in self.taken:
            number += 1
            free = f"{self.dashboard.dom_id}--{slug}-{number}"
        self.taken.add(free)
        return free


class LayoutObject:
    """What may stand in a layout.

    A subclass names a template. Its context holds the object's public attributes, those of the
    class as those given by keyword; ``css``, the classes of the outermost element; ``parts``,
    the classes by part; ``level``, for a heading; and what context processors say.

    Args:
        **attributes: values for attributes of the class; ``css_classes`` (a string for the
            outermost element, or a dict by part) and ``grid_css_classes`` (the place in the grid)
            are common to all.

    Raises:
        DeclarationError: the class has no such attribute, or no such part.
    """

    template_name: str = ""
    css_classes: str | Mapping[str, str] = ""
    grid_css_classes: str = "span-12"

    part_names: ClassVar[Sequence[str]] = ("wrapper",)
    """The parts that ``css_classes`` may name, the outermost first."""
    scripts: ClassVar[Sequence[str]] = ()
    """Static files that a page with it loads, deferred."""

    _names: ClassVar[frozenset[str]] = frozenset()
    """The attributes that an object may be given: public, and no methods."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._names = _collect_names(cls)

    def __init__(self, **attributes: Any) -> None:
        kind = type(self)
        if unknown := sorted(attributes.keys() - self._names):
            msg = (
                f"{kind.__name__}() has no attribute {', '.join(unknown)}; "
                f"allowed are {', '.join(sorted(self._names))}."
            )
            raise DeclarationError(msg)
        vars(self).update(attributes)
        if unknown := sorted(self._given_parts().keys() - set(self.part_names)):
            msg = (
                f"{kind.__name__}(css_classes=…) has no part {', '.join(unknown)}; "
                f"there are {', '.join(self.part_names)}."
            )
            raise DeclarationError(msg)

    @property
    def children(self) -> Sequence["str | LayoutObject"]:
        """What stands inside it: keys of components, and layout objects."""
        return ()

    def get_keys(self) -> Iterator[str]:
        """Return the keys of the components inside, in their order."""
        for each in self.children:
            yield from [each] if isinstance(each, str) else each.get_keys()

    def is_hidden(self, dashboard: Shown) -> bool:
        """Return True if it stands around components, and this request may see none of them."""
        return _are_hidden([self], dashboard)

    def get_scripts(self) -> Iterator[str]:
        """Return the static files that it and all inside it need."""
        yield from self.scripts
        for each in self.children:
            if not isinstance(each, str):
                yield from each.get_scripts()

    def render(self, rendering: Rendering) -> SafeString:
        """Render it, and what is inside."""
        return rendering.render(self.template_name, self.get_context(rendering))

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return what its template gets."""
        known = dict.fromkeys(self.part_names, "")
        name = self.part_names[0] if self.part_names else ""
        settings = rendering.dashboard.settings
        parts = known | classes_by_part(
            settings["LAYOUT_CSS_CLASSES"], type(self), self.css_classes, name
        )
        grid = self.grid_css_classes
        if not grid and rendering.is_placed:
            grid = settings["GRID_CSS_CLASSES"]
        outermost = parts[self.part_names[0]] if self.part_names else ""
        return {
            **{name: getattr(self, name) for name in self._names},
            "level": min(rendering.level, _MAX_LEVEL),
            "parts": parts,
            "css": " ".join(filter(None, [grid, outermost])),
        }

    def _given_parts(self) -> Mapping[str, str]:
        if isinstance(self.css_classes, Mapping):
            return self.css_classes
        return dict.fromkeys(self.part_names[:1], self.css_classes)


def _collect_names(kind: type[LayoutObject]) -> frozenset[str]:
    return frozenset(
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_")
        and name not in {"part_names", "scripts", "children"}
        and not isinstance(value, classmethod | staticmethod | property)
        and not inspect.isfunction(value)
    )


class HTMLComponentLayout(LayoutObject):
    """An element around components. Derive your own from it, with a template.

    The template gets ``components``, what is inside as HTML, and the attributes of the class::

        class DivWithImage(HTMLComponentLayout):
            template_name = "shop/div_with_image.html"
            image_url = ""

    Args:
        *components: keys of components, and layout objects.
        **attributes: values for attributes of the class.

    Raises:
        DeclarationError: something else stands inside, or the class has no such attribute.
    """

    def __init__(self, *components: str | LayoutObject, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._children = _check(type(self), components)

    @property
    def children(self) -> Sequence[str | LayoutObject]:
        """What stands inside it."""
        return self._children

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return what its template gets, ``components`` among it."""
        inside = _render_all(self.children, self.prepare_inside(rendering))
        return {**super().get_context(rendering), "components": inside}

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return how what is inside is rendered: one level deeper, below a heading."""
        return rendering


class ComponentLayout(HTMLComponentLayout):
    """What a dashboard shows, and where. Only components that it names are shown.

    Args:
        *components: keys of components, and layout objects.

    Raises:
        DeclarationError: something else stands inside.
    """

    def __init__(self, *components: str | LayoutObject) -> None:
        super().__init__(*components)

    def render(self, rendering: Rendering) -> SafeString:
        """Render what is inside, with nothing around it."""
        return _render_all(self.children, rendering)


class Div(HTMLComponentLayout):
    """A plain element around components, which stand in twelve columns again."""

    template_name = "dashboards/layout/div.html"

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return how what is inside is rendered."""
        return replace(rendering, is_placed=False)


class Card(HTMLComponentLayout):
    """A sheet around components.

    Where its only content is one component, that shows no heading beside the card's own, unless
    its ``title`` was declared.

    Args:
        heading: its heading; by default none.
        footer: a line at its end; by default none.
        image_url: a picture at its top; by default none.
        actions: links in its head, as pairs of address and text.
    """

    template_name = "dashboards/layout/card.html"
    grid_css_classes = ""
    heading: Any = ""
    footer: Any = ""
    image_url: str = ""
    actions: Sequence[tuple[str, Any]] = ()

    part_names = ("card", "header", "image", "body", "footer")

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return what its template gets. Actions whose address is refused are left out."""
        actions = [(resolve_link(target), text) for target, text in self.actions]
        shown = [(url, text) for url, text in actions if url is not None]
        return {**super().get_context(rendering), "actions": shown}

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return how what is inside is rendered."""
        rendering = replace(rendering, is_placed=False)
        if not self.heading:
            return rendering
        is_lone = len(self.children) == 1 and isinstance(self.children[0], str)
        return replace(rendering, level=rendering.level + 1, is_titled=not is_lone)


class Tab(HTMLComponentLayout):
    """One of the tabs in a ``TabContainer``.

    Args:
        tab_label: what its tab says.
        *components: keys of components, and layout objects.
    """

    template_name = "dashboards/layout/tab.html"
    part_names = ("panel", "li", "link")

    def prepare_inside(self, rendering: Rendering) -> Rendering:
        """Return how what is inside is rendered."""
        return replace(rendering, is_placed=True)

    def __init__(self, tab_label: Any, *components: str | LayoutObject, **attributes: Any) -> None:
        super().__init__(*components, **attributes)
        self.tab_label = tab_label

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return what its template gets, its label and its id among it."""
        label = str(self.tab_label)
        own = {"tab_label": label, "id": rendering.take_id(label)}
        return {**super().get_context(rendering), **own}


class TabContainer(HTMLComponentLayout):
    """Tabs, of which one is open. What is deferred in another loads when that is opened.

    Args:
        *tabs: the tabs.

    Raises:
        DeclarationError: something else stands inside.
    """

    template_name = "dashboards/layout/tabs.html"
    part_names = ("tab_container", "tab_list", "tab_content")
    scripts = ("dashboards/js/tabs.js",)

    def __init__(self, *tabs: Tab, **attributes: Any) -> None:
        for each in tabs:
            given: object = each
            if not isinstance(given, Tab):
                msg = f"{type(self).__name__}() takes Tab objects, got {each!r}."
                raise DeclarationError(msg)
        LayoutObject.__init__(self, **attributes)
        self._children = self._tabs = tabs

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return what its template gets: ``tabs``, each with ``head`` and ``panel``."""
        shown = [tab for tab in self._tabs if not tab.is_hidden(rendering.dashboard)]
        contexts = [(tab, tab.get_context(rendering)) for tab in shown]
        tabs = [
            {**context, "content": rendering.render(tab.template_name, context)}
            for tab, context in contexts
        ]
        return {**LayoutObject.get_context(self, rendering), "tabs": tabs}


class HTML(LayoutObject):
    """HTML of your own, put into the page as it is: to write it here is to call it safe.

    Never build it from what users have typed.

    Args:
        html: the HTML.
    """

    template_name = "dashboards/layout/html.html"

    def __init__(self, html: Any, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._html = html

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return what its template gets."""
        html = mark_safe(str(self._html))  # noqa: S308 - the developer's own
        return {**super().get_context(rendering), "html": html}


class HR(LayoutObject):
    """A line across."""

    template_name = "dashboards/layout/hr.html"


class Header(LayoutObject):
    """A heading. Its text is escaped.

    Args:
        heading: its text.
        size: its level, from 1 to 6; 2 is right below a page's title.

    Raises:
        DeclarationError: there is no such level.
    """

    heading: Any = ""
    size: int = 2

    def __init__(self, heading: Any = "", size: int = 2, **attributes: Any) -> None:
        super().__init__(heading=heading, size=size, **attributes)
        if size not in range(1, _MAX_LEVEL + 1):
            msg = f"Header(size={size!r}): size must be a number from 1 to {_MAX_LEVEL}."
            raise DeclarationError(msg)

    def render(self, rendering: Rendering) -> SafeString:
        """Render it."""
        css = self.get_context(rendering)["css"]
        return format_html(
            '<h{0} class="dashboards-heading {1}">{2}</h{0}>', self.size, css, self.heading
        )


def _check(
    kind: type[LayoutObject], components: Iterable[str | LayoutObject]
) -> tuple[str | LayoutObject, ...]:
    for each in components:
        given: object = each
        if isinstance(given, Tab):
            msg = f"A Tab must stand in a TabContainer, not in a {kind.__name__}."
            raise DeclarationError(msg)
        if not isinstance(given, str | LayoutObject):
            msg = f"{kind.__name__}() takes keys of components and layout objects, got {each!r}."
            raise DeclarationError(msg)
    return tuple(components)


def _render_all(children: Iterable[str | LayoutObject], rendering: Rendering) -> SafeString:
    show = rendering.dashboard.render_box
    level = min(rendering.level, _MAX_LEVEL)
    html = [
        show(each, level=level, is_titled=rendering.is_titled, is_placed=rendering.is_placed)
        if isinstance(each, str)
        else _render(each, rendering)
        for each in _leave_out_hidden(list(children), rendering.dashboard)
    ]
    return mark_safe("".join(html))  # noqa: S308 - each part is rendered by a template


def _leave_out_hidden(
    children: Sequence[str | LayoutObject], dashboard: Shown
) -> Iterator[str | LayoutObject]:
    """Leave out what would tell of components that this request may not see.

    That is what stands around hidden components only, and a heading above such.
    """
    for index, each in enumerate(children):
        below = _take_section(children[index + 1 :], each.size) if isinstance(each, Header) else []
        if not _are_hidden([each, *below], dashboard):
            yield each


def _take_section(children: Iterable[str | LayoutObject], size: int) -> list[str | LayoutObject]:
    """Return what stands below a heading, to the next of its level."""

    def is_below(other: str | LayoutObject) -> bool:
        return not (isinstance(other, Header) and other.size <= size)

    return list(takewhile(is_below, children))


def _are_hidden(children: Sequence[str | LayoutObject], dashboard: Shown) -> bool:
    keys: list[str] = []
    for each in children:
        keys.extend([each] if isinstance(each, str) else each.get_keys())
    return bool(keys) and not any(map(dashboard.shows, keys))


def _render(layout: LayoutObject, rendering: Rendering) -> SafeString:
    """Render a layout object; where it raises, the components inside without it."""
    dashboard = rendering.dashboard
    html = catch_errors(
        lambda: layout.render(rendering),
        dashboard=type(dashboard).__name__,
        key=type(layout).__name__,
        part="layout",
    )
    if not isinstance(html, Failure):
        return html
    level = min(rendering.level, _MAX_LEVEL)
    boxes = [
        dashboard.render_box(key, level=level, is_placed=rendering.is_placed)
        for key in layout.get_keys()
    ]
    return mark_safe(render_failed(dashboard.templates) + "".join(boxes))  # noqa: S308 - as above
