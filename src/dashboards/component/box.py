"""The box around a component's content: its heading, its state, its place in the grid, its link.

The HTML of equal boxes is rendered once and kept. Attributes, state and content are filled in.
"""

from typing import Any, NamedTuple

from django.forms.utils import flatatt
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboards.component.fragments import escape, placeholder, render_fragment
from dashboards.component.templates import Templates

_TEMPLATE = "dashboards/component.html"
_CONTENT = placeholder("content")
_ATTRIBUTES = placeholder("attributes")
_STATE = placeholder("state")
_NOTHING = SafeString()


class Box(NamedTuple):
    """The context of ``dashboards/component.html``, beside attributes, state and content.

    The context contains exactly these fields, and nothing else of component or request: so equal
    boxes give equal HTML, which can be kept. Texts are ``escaped``, because a text that was marked
    safe is equal to one that was not.
    """

    dom_id: str
    """The id of the box; those of heading and content begin with it."""
    kind: str
    """The name of the component's kind, for CSS; of a derived kind two, as classes."""
    title: str
    """The heading; empty for none."""
    level: str
    """The heading's level. It is no number, because a template would localize a number."""
    icon: str
    """CSS classes of an icon in the heading."""
    grid_css_classes: str
    """CSS classes that place it in the grid."""
    parts: tuple[tuple[str, str], ...]
    """CSS classes by part; a dict in the template."""
    cta: tuple[str, str] | tuple[()]
    """The address and the words of the link below it, or nothing; a dict in the template."""
    menu_links: tuple[tuple[str, str], ...]
    """The address and the words of each link in its menu."""
    has_menu: bool
    """False if the script adds no menu to it."""
    is_deferred: bool
    """True if it loads after the page."""

    def render(
        self, templates: Templates, attributes: dict[str, Any], content: str | None, state: str
    ) -> SafeString:
        """Render it around its content.

        Args:
            templates: the templates of the request.
            attributes: the attributes of the content, which say how it is updated.
            content: its content, safe HTML; ``None`` if there is none yet.
            state: its state in words, safe HTML; empty if its value is fresh. A box that is never
                updated has an element for the state only if there is one to show.
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

        # Content may contain any HTML, placeholders too, so it comes last.
        texts = {
            _ATTRIBUTES: flatatt(attributes) if attributes else _NOTHING,
            _STATE: state or _NOTHING,
            _CONTENT: content or _NOTHING,
        }
        template, is_packaged = templates.find(_TEMPLATE)
        # The package's own has no words of any language.
        language = None if is_packaged else get_language()
        key = (self, content is None, has_state, language)
        return render_fragment(template, key, context, texts)


def escaped(text: Any) -> SafeString:
    """Return a text as HTML for a box; an empty text for ``None``."""
    return escape(text) if text else _NOTHING
