"""What a template says around a few texts is rendered once, kept, and filled with others.

A page of many small components would spend most of its time on saying the same anew.
"""

import html
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

_MOST_SHELLS = 1_000
"""Headings and links may name anything, so what is kept of them is bounded."""

_shells: dict[Any, str] = {}


def gap(name: str) -> SafeString:
    """Return what a template is given in place of a text: no text that is escaped is like it."""
    return mark_safe(f"<dashboards-{name}>")  # noqa: S308 - named by us


def escape(text: Any) -> SafeString:
    """Return a text as a gap may be filled with it.

    Django's own function asks of each text whether it is lazy, in a call around the call.
    """
    if type(text) is str:
        return SafeString(html.escape(text))
    return SafeString(conditional_escape(text))


def fill(
    template: Any,
    key: Hashable,
    context: Callable[[], dict[str, Any]],
    texts: Mapping[SafeString, str],
) -> SafeString:
    """Render a template as if texts stood where its context has gaps.

    Args:
        template: the template, of any engine.
        key: what else decides how it comes out; the language, too, where it has words.
        context: makes the context, with gaps in it.
        texts: safe HTML by gap, in the order in which they are filled: what was filled is looked
            through for the next.
    """
    # A template that was changed while the server runs is another one; all engines name alike
    # what they wrap.
    whole = (template.template, key)
    shell = _shells.get(whole)
    if shell is None:
        if len(_shells) >= _MOST_SHELLS:
            _shells.clear()
        shell = _shells[whole] = template.render(context())
    for each, text in texts.items():
        shell = shell.replace(each, text)
    return SafeString(shell)
