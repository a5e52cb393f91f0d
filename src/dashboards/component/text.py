"""Words."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django.utils.safestring import SafeString

from dashboards import conf
from dashboards.component.base import Bound, Component
from dashboards.component.formats import format_value
from dashboards.component.texts import as_text
from dashboards.exceptions import DeclarationError

logger = logging.getLogger("dashboards")

LIBRARIES: Mapping[str, str] = {"html": "nh3", "markdown": "markdown_it"}
"""The library that each markup is read by."""

# Below the headings of the page and of the box.
_HEADINGS = {f"h{level}": f"h{min(level + 2, 6)}" for level in range(1, 7)}


class Markup(SafeString):
    """HTML whose line breaks mean nothing; plain text may be a ``SafeString``, too."""

    is_html = True


@dataclass
class Text(Component):
    """Text. Plain, line breaks are kept and everything else is escaped.

    Dates, times and durations are written as the locale does, in the active time zone. A value that
    your own code marked safe (``format_html``) is shown as the HTML that it is.

    Args:
        markup: what the text is written in. ``"html"`` shows the elements that do no harm, and
            takes away scripts, styles and the like. ``"markdown"`` is CommonMark with tables and
            strikethrough; HTML in it is shown as text. By default it is plain. Both need the
            extra ``text`` (``pip install django-live-dashboards[text]``). A text longer than
            ``DASHBOARDS["MAX_MARKUP_LENGTH"]`` (20,000 characters) is shown as plain text.
    """

    template: str = "dashboards/components/text.html"
    markup: str = ""

    def __post_init__(self) -> None:
        """Refuse a markup that nothing reads.

        Raises:
            DeclarationError: there is no such markup.
        """
        if self.markup and self.markup not in LIBRARIES:
            allowed = ", ".join(map(repr, LIBRARIES))
            msg = f"{type(self).__name__}(markup={self.markup!r}): markup must be one of {allowed}."
            raise DeclarationError(msg)

    def prepare_value(self, value: Any, bound: Bound | None = None) -> Any:  # noqa: ARG002 - for subclasses
        """Return HTML that is safe to show, where the text is no plain one."""
        if hasattr(value, "__html__"):
            return Markup(value.__html__())
        text = as_text(type(self).__name__, "value", value)
        if isinstance(text, date | time | timedelta):
            text = format_value(text)
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

    # HTML is text, and a link leads to no script: the library sees to both.
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = reader.parse(text)
    for token in tokens:
        # A strict policy refuses inline styles; the sheet knows how numbers are aligned.
        if style := token.attrs.pop("style", ""):
            token.attrs["class"] = str(style).replace("text-align:", "dashboards-is-")
        token.tag = _HEADINGS.get(token.tag, token.tag)
    return str(reader.renderer.render(tokens, reader.options, {}))
