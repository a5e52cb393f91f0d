"""Templates that are rendered once with placeholders, kept, and filled with texts.

Without this a page of many small components would spend most of its time on rendering the same
HTML again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from html import escape as escape_html
from typing import Any, ClassVar

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

_MAX_FRAGMENTS = 1_000
"""Headings and links may be any text, so the number of fragments is bounded."""

_fragments: dict[Any, str] = {}


class FragmentValue(ABC):
    """A prepared value that can be rendered without running the package's template for it."""

    template_name: ClassVar[str]
    """The name of that template."""

    @abstractmethod
    def render_cached(self, template: Any) -> SafeString | None:
        """Render it; ``None`` if the template must be run.

        Args:
            template: the template, of any engine. It is the package's own, so its HTML is known.
        """


def placeholder(name: str) -> SafeString:
    """Return the HTML that stands in a fragment for a text. No escaped text can be equal to it."""
    return mark_safe(f"<dashboards-{name}>")  # noqa: S308 - named by us


def escape(text: Any) -> SafeString:
    """Return a text as HTML that can replace a placeholder.

    For a plain text it is faster than Django's function, which first checks if it is lazy.
    """
    if type(text) is str:
        return SafeString(escape_html(text))
    return SafeString(conditional_escape(text))


def render_fragment(
    template: Any,
    key: Hashable,
    context: Callable[[], dict[str, Any]],
    texts: Mapping[SafeString, Any],
) -> SafeString:
    """Render a template with placeholders, or take it from those that are kept, and fill it.

    Args:
        template: the template, of any engine.
        key: all else that the HTML depends on; the language, too, if the template has words.
        context: returns the context, with placeholders in it.
        texts: safe HTML, or text that is escaped, by placeholder. They are replaced in this order:
            a text that may itself contain a placeholder comes last.
    """
    # The wrapped template is part of the key: one that was changed while the server runs is another
    # object. The wrappers of all engines have this attribute.
    full_key = (template.template, key)
    fragment = _fragments.get(full_key)
    if fragment is None:
        if len(_fragments) >= _MAX_FRAGMENTS:
            _fragments.clear()
        fragment = _fragments[full_key] = template.render(context())
    for each, text in texts.items():
        if type(text) is not SafeString:  # By its type: a page has dozens of these.
            text = escape_html(text) if type(text) is str else conditional_escape(text)  # noqa: PLW2901 - a new name would be a line more
        fragment = fragment.replace(each, text)
    return SafeString(fragment)
