"""The box around a component's content: its heading, its place in the grid, the link below it.

What it makes of a component's declaration is the same each time, but for attributes and content.
So that is rendered once and then kept: a page of many components would spend more on their boxes
than on their values.
"""

from typing import Any, NamedTuple

from django.forms.utils import flatatt
from django.template.loader import get_template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

_TEMPLATE = "dashboards/component.html"
_MOST_SHELLS = 1_000
"""Headings and links may name anything, so what is kept of them is bounded."""

# What stands in a shell for content and attributes; no text that is escaped.
_CONTENT = mark_safe("<dashboards-content>")
_ATTRIBUTES = mark_safe("<dashboards-attributes>")

_shells: dict[Any, str] = {}


class Box(NamedTuple):
    """What the template ``dashboards/component.html`` is told, beside content and attributes.

    It is told nothing else, neither of the component nor of the request: what it makes of one box
    is shown of every other that is equal to it. Its texts are ``escaped``: a text that was marked
    safe is equal to one that was not.
    """

    dom_id: str
    """The id of the box; those of heading and content begin with it."""
    kind: str
    """The name of the component's kind, for CSS."""
    title: str
    """The heading; empty for none."""
    level: str
    """The heading's level. No number: a template would look up how the language writes it."""
    icon: str
    """CSS classes of an icon in the heading."""
    grid_css_classes: str
    """CSS classes that place it in the grid."""
    parts: tuple[tuple[str, str], ...]
    """CSS classes by part; in the template a dict."""
    cta: tuple[str, str] | tuple[()]
    """Where the link below it leads, and its words, or nothing; in the template a dict."""
    is_deferred: bool
    """Whether it loads after the page, where it has no content."""

    def render(self, attributes: dict[str, Any], content: str | None) -> SafeString:
        """Render it around its content.

        Args:
            attributes: what says to htmx and to our scripts how the content is updated.
            content: what stands in it, safe HTML; ``None`` where that must wait.
        """
        template: Any = get_template(_TEMPLATE)  # Of any engine; all name what they wrap alike.
        # A template that was changed while the server runs is another one.
        key = (template.template, get_language(), self, content is None)
        shell = _shells.get(key)
        if shell is None:
            if len(_shells) >= _MOST_SHELLS:
                _shells.clear()
            context = {
                **self._asdict(),
                "parts": dict(self.parts),
                "cta": dict(zip(("href", "text"), self.cta, strict=False)),
                "attributes": _ATTRIBUTES,
                "content": None if content is None else _CONTENT,
            }
            shell = _shells[key] = template.render(context)
        # In this order: values may have anything in them, but those of attributes are escaped.
        flat = flatatt(attributes) if attributes else ""
        html = shell.replace(_ATTRIBUTES, flat).replace(_CONTENT, content or "")
        return mark_safe(html)  # noqa: S308 - rendered by templates, which escape


def escaped(text: Any) -> str:
    """Return a text as a box is given it."""
    return conditional_escape(text) if text else ""
