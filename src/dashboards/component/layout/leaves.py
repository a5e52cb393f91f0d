"""Layout objects without content of components: HTML, lines and headings."""

from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from dashboards.component.layout.base import MAX_LEVEL, LayoutObject, Rendering
from dashboards.exceptions import DeclarationError


class HTML(LayoutObject):
    """HTML of your own. It is inserted without escaping.

    Never build it from user input.

    Args:
        html: the HTML.
    """

    template_name = "dashboards/layout/html.html"

    def __init__(self, html: Any, **attributes: Any) -> None:
        super().__init__(**attributes)
        self._html = html

    def get_context(self, rendering: Rendering) -> dict[str, Any]:
        """Return the context of its template, with ``html``."""
        html = mark_safe(str(self._html))  # noqa: S308 - the developer's own
        return {**super().get_context(rendering), "html": html}


class HR(LayoutObject):
    """A horizontal line."""

    template_name = "dashboards/layout/hr.html"


class Header(LayoutObject):
    """A heading. Its text is escaped.

    It is hidden if it stands above components, up to the next heading of its level, and the
    viewer may see none of them.

    Args:
        heading: its text.
        size: its level, from 1 to 6; 2 is the level below a page's title.

    Raises:
        DeclarationError: there is no such level.
    """

    heading: Any = ""
    size: int = 2

    def __init__(self, heading: Any = "", size: int = 2, **attributes: Any) -> None:
        super().__init__(heading=heading, size=size, **attributes)
        if size not in range(1, MAX_LEVEL + 1):
            msg = f"Header(size={size!r}): size must be a number from 1 to {MAX_LEVEL}."
            raise DeclarationError(msg)

    def render(self, rendering: Rendering) -> SafeString:
        """Render the heading."""
        css = self.get_context(rendering)["css"]
        return format_html(
            '<h{0} class="dashboards-heading {1}">{2}</h{0}>', self.size, css, self.heading
        )
