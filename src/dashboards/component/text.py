"""The component that shows text, Markdown or HTML."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.utils.safestring import SafeString

from dashboards import conf
from dashboards.compat import refuse_imports
from dashboards.component.base import Bound, Component
from dashboards.component.conversion import as_text
from dashboards.component.formats import format_value
from dashboards.component.links import CTA
from dashboards.exceptions import DeclarationError

__getattr__ = refuse_imports(__name__)
logger = logging.getLogger("dashboards")

LIBRARIES: Mapping[str, str] = {"html": "nh3", "markdown": "markdown_it"}
"""The library that reads each markup."""

# The page and the box have headings of the levels above.
_HEADINGS = {f"h{level}": f"h{min(level + 2, 6)}" for level in range(1, 7)}


class Markup(SafeString):
    """HTML, whose line breaks are not shown. A ``SafeString`` may also be plain text."""

    is_html = True


@dataclass
class Text(Component):
    """Text. Plain text is escaped, and its line breaks are kept.

    Dates, times and durations are written in the format of the locale and in the active time
    zone. A value that your own code marked safe (``format_html``) is shown as HTML.

    Args:
        markup: the markup of the text. ``"html"`` shows harmless elements, and removes scripts,
            styles and the like. ``"markdown"`` is CommonMark with tables and strikethrough; HTML
            in it is shown as text. By default the text is plain. Both need the extra ``text``
            (``pip install django-live-dashboards[text]``). A text longer than
            ``DASHBOARDS["MAX_MARKUP_LENGTH"]`` (20,000 characters) is shown as plain text.
        mark_safe: ``True`` to insert the text as HTML, with all elements and scripts in it. Only
            for text that you have written yourself: use ``markup="html"`` for any other.
    """

    template: str = "dashboards/components/text.html"
    menu: Sequence[CTA] | None = None
    markup: str = ""
    mark_safe: bool = False

    def __post_init__(self) -> None:
        """Check the markup.

        Raises:
            DeclarationError: there is no such markup, or ``mark_safe`` with a markup, which is made
                safe.
        """
        if self.markup and self.markup not in LIBRARIES:
            allowed = ", ".join(map(repr, LIBRARIES))
            msg = f"{type(self).__name__}(markup={self.markup!r}): markup must be one of {allowed}."
            raise DeclarationError(msg)
        if self.markup and self.mark_safe:
            msg = (
                f"{type(self).__name__}(markup={self.markup!r}, mark_safe=True): a markup is made "
                "safe, and mark_safe inserts the text as it is: give one of the two."
            )
            raise DeclarationError(msg)

    def prepare_value(self, value: Any, bound: Bound | None = None) -> Any:  # noqa: ARG002 - for subclasses
        """Return safe HTML for a markup, or plain text, which the template escapes."""
        if hasattr(value, "__html__"):
            return Markup(value.__html__())
        text = as_text(type(self).__name__, "value", value)
        if isinstance(text, date | time | timedelta):
            text = format_value(text)
        if text is not None and self.mark_safe:
            return Markup(str(text))
        if text is None or not self.markup:
            return text
        text = str(text)
        limit = conf.get("MAX_MARKUP_LENGTH")
        if len(text) > limit:
            logger.warning(
                "A %s(markup=%r) has %s characters, and is shown as plain text: "
                "DASHBOARDS['MAX_MARKUP_LENGTH'] is %s.",
                type(self).__name__,
                self.markup,
                len(text),
                limit,
                extra={"event": "markup_too_long"},
            )
            return text
        read = _read_html if self.markup == "html" else _read_markdown
        return Markup(read(text))


def _read_html(text: str) -> str:
    # Optional: only a process that shows HTML needs it.
    import nh3  # noqa: PLC0415

    return nh3.clean(text)


def _read_markdown(text: str) -> str:
    # Optional, and slow to import: only a process that shows Markdown needs it.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    # The library escapes HTML, and makes no links to "javascript:" and the like.
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    for token in tokens:
        # A strict Content-Security-Policy forbids inline styles: alignment becomes a class.
        if style := token.attrs.pop("style", ""):
            token.attrs["class"] = str(style).replace("text-align:", "dashboards-is-")
        token.tag = _HEADINGS.get(token.tag, token.tag)
    return str(reader.renderer.render(tokens, reader.options, {}))
