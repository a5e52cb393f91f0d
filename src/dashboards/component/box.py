"""The box around a component's content: its heading, its state, its place in the grid, its link.

What it makes of a component's declaration is the same each time. Attributes, state and content
are filled in.
"""

from typing import Any, NamedTuple

from django.forms.utils import flatatt
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboards.component.fragments import escape, fill, gap
from dashboards.component.templates import Templates

_TEMPLATE = "dashboards/component.html"
_CONTENT = gap("content")
_ATTRIBUTES = gap("attributes")
_STATE = gap("state")
_NOTHING = SafeString()


class Box(NamedTuple):
    """The context of ``dashboards/component.html``, beside attributes, state and content.

    The context has nothing else of component or request: equal boxes give equal HTML, which is
    kept and used again. Texts are ``escaped``, because a text that was marked safe is equal to one
    that was not.
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
    """True if it loads after the page."""

    def render(
        self, templates: Templates, attributes: dict[str, Any], content: str | None, state: str
    ) -> SafeString:
        """Render it around its content.

        Args:
            templates: where its template is found.
            attributes: what says to htmx and to our scripts how the content is updated.
            content: what stands in it, safe HTML; ``None`` where there is none yet.
            state: its state in words, safe HTML; empty where its value is fresh. A box that is
                never updated has an element for it only where there is one to show.
        """
        has_state = bool(state or attributes)

        def context() -> dict[str, Any]:
            return {
                **self._asdict(),
                "parts": dict(self.parts),
                "cta": dict(zip(("href", "text"), self.cta, strict=False)),
                "attributes": _ATTRIBUTES,
                "content": None if content is None else _CONTENT,
                "state": _STATE,
                "has_state": has_state,
            }

        # Content may have anything in it, so it comes last.
        texts = {
            _ATTRIBUTES: flatatt(attributes) if attributes else "",
            _STATE: state,
            _CONTENT: content or "",
        }
        template, is_packaged = templates.find(_TEMPLATE)
        # The package's own has no words of any language.
        language = None if is_packaged else get_language()
        key = (self, content is None, has_state, language)
        return fill(template, key, context, texts)


def escaped(text: Any) -> SafeString:
    """Return a text as a box is given it."""
    return escape(text) if text else _NOTHING
