"""The base class of layout objects, and the rendering of one page that they take part in."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify

from dashboards.component.css import classes_by_part
from dashboards.component.templates import Templates
from dashboards.exceptions import DeclarationError

MAX_LEVEL = 6


class LayoutDashboard(Protocol):
    """The part of a dashboard that layouts use."""

    @property
    def dom_id(self) -> str:
        """The id of the dashboard's element."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """``settings.DASHBOARDS`` with its defaults, the same for the whole request."""

    @property
    def templates(self) -> Templates:
        """Renders templates for the request."""

    def shows(self, key: str) -> bool:
        """Return True if it has such a component, and the viewer may see it."""

    def render_box(
        self, key: str, *, level: int = 2, is_titled: bool = True, is_placed: bool = True
    ) -> SafeString:
        """Render a component's heading and box; empty if the viewer may not see it."""


@dataclass(frozen=True)
class Rendering:
    """The rendering of one page. A layout belongs to a class, and keeps no state of a request."""

    dashboard: LayoutDashboard
    level: int = 2
    """The level of the next heading inside."""
    is_titled: bool = True
    """False if components inside show only titles that were declared, not those made from keys."""
    is_placed: bool = True
    """True if its content stands in the dashboard's grid, not in a card or a div."""
    taken: set[str] = field(default_factory=set)
    """The ids that tabs already have on this page."""

    def render(self, template_name: str, context: dict[str, Any]) -> SafeString:
        """Render a template for the page's request."""
        html = self.dashboard.templates.render(template_name, context)
        return mark_safe(html)  # noqa: S308 - rendered by a template, which escapes

    def take_id(self, name: str) -> str:
        """Return an id made from a name. Each rendering of the same layout makes the same ids.

        It contains two dashes. The id of a component has one, because no key begins with a dash.
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
    """The base class of everything in a layout.

    A subclass names a template. The template's context contains the object's public attributes,
    from the class and from keyword arguments; ``css``, the classes of the outermost element;
    ``parts``, the classes by part; ``level``, for a heading; and what context processors add.

    Args:
        **attributes: values for attributes of the class. All layout objects have ``css_classes``
            (a string for the outermost element, or a dict by part) and ``grid_css_classes`` (the
            place in the grid).

    Raises:
        DeclarationError: the class has no such attribute, or no such part.
    """

    template_name: str = ""
    css_classes: str | Mapping[str, str] = ""
    grid_css_classes: str = "span-12"

    part_names: ClassVar[Sequence[str]] = ("wrapper",)
    """The parts that ``css_classes`` may name, the outermost first."""
    scripts: ClassVar[Sequence[str]] = ()
    """Static files that a page with this object loads, deferred."""

    _names: ClassVar[frozenset[str]] = frozenset()
    """The attributes that keyword arguments may set: public ones, without methods."""

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
        grid: object = self.grid_css_classes
        if not isinstance(grid, str | Promise):
            msg = (
                f"{kind.__name__}(grid_css_classes=…) must be CSS classes, such as "
                f'"span-6", got {grid!r}.'
            )
            raise DeclarationError(msg)
        parts = self.css_classes if isinstance(self.css_classes, Mapping) else {}
        if unknown := sorted(parts.keys() - set(self.part_names)):
            msg = (
                f"{kind.__name__}(css_classes=…) has no part {', '.join(unknown)}; "
                f"there are {', '.join(self.part_names)}."
            )
            raise DeclarationError(msg)

    @property
    def children(self) -> Sequence["str | LayoutObject"]:
        """The keys of components and the layout objects inside it."""
        return ()

    def get_keys(self) -> Iterator[str]:
        """Yield the keys of the components inside, in their order."""
        for each in self.children:
            yield from [each] if isinstance(each, str) else each.get_keys()

    def is_hidden(self, dashboard: LayoutDashboard) -> bool:
        """Return True if it contains components, and the viewer may see none of them."""
        return are_hidden([self], dashboard)

    def get_scripts(self) -> Iterator[str]:
        """Yield the static files that it and everything inside need."""
        yield from self.scripts
        for each in self.children:
            if not isinstance(each, str):
                yield from each.get_scripts()

    def render(self, rendering: Rendering) -> SafeString:
        """Render it with its content."""
        return rendering.render(self.template_name, self.get_context(rendering))

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return the context of its template."""
        outermost = self.part_names[0] if self.part_names else ""
        settings = rendering.dashboard.settings
        parts = dict.fromkeys(self.part_names, "") | classes_by_part(
            settings["LAYOUT_CSS_CLASSES"], type(self), self.css_classes, outermost
        )
        grid = self.grid_css_classes
        if not grid and rendering.is_placed:
            grid = settings["GRID_CSS_CLASSES"]
        css = [grid, parts[outermost] if outermost else ""]
        return {
            **{name: getattr(self, name) for name in self._names},
            "level": min(rendering.level, MAX_LEVEL),
            "parts": parts,
            "css": " ".join(filter(None, css)),
        }


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


def are_hidden(children: Sequence[str | LayoutObject], dashboard: LayoutDashboard) -> bool:
    """Return True if these contain components, and the viewer may see none of them."""
    keys: list[str] = []
    for each in children:
        keys.extend([each] if isinstance(each, str) else each.get_keys())
    return bool(keys) and not any(map(dashboard.shows, keys))
