"""The box around a component's content: its heading, its place in the grid, the link below it.

What it makes of a component's declaration is the same each time, but for attributes and content.
"""

from typing import Any, NamedTuple

from django.forms.utils import flatatt
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboards.component.shell import escape, fill, gap
from dashboards.component.templates import Templates, is_ours

_TEMPLATE = "dashboards/component.html"
_CONTENT = gap("content")
_ATTRIBUTES = gap("attributes")


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

    def render(
        self, templates: Templates, attributes: dict[str, Any], content: str | None
    ) -> SafeString:
        """Render it around its content.

        Args:
            templates: where its template is found.
            attributes: what says to htmx and to our scripts how the content is updated.
            content: what stands in it, safe HTML; ``None`` where that must wait.
        """

        def context() -> dict[str, Any]:
            return {
                **self._asdict(),
                "parts": dict(self.parts),
                "cta": dict(zip(("href", "text"), self.cta, strict=False)),
                "attributes": _ATTRIBUTES,
                "content": None if content is None else _CONTENT,
            }

        # Content may have anything in it, so it comes last.
        texts = {
            _ATTRIBUTES: flatatt(attributes) if attributes else "",
            _CONTENT: content or "",
        }
        template = templates.get(_TEMPLATE)
        # Our own has words only where there is no content.
        has_words = content is None or not is_ours(template)
        key = (self, content is None, get_language() if has_words else None)
        return fill(template, key, context, texts)


def escaped(text: Any) -> str:
    """Return a text as a box is given it."""
    return escape(text) if text else ""
