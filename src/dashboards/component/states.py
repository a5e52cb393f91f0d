"""The state of a box in words: that its value is late, has failed, or has not come yet."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboards.component.fragments import escape, fill, gap
from dashboards.component.templates import Templates
from dashboards.live.wire.value_state import ValueState

TEMPLATE = "dashboards/state.html"

HEADER = "Dashboards-State"
"""The response header that carries a box's state beside its content: HTML, percent-encoded."""

_TIME = gap("time")
_ERROR = gap("error")


class BoxState(NamedTuple):
    """The state of a box, to be told in words."""

    state: ValueState
    since: float | None = None
    """When it began, in seconds since 1970; ``None`` where that is not known."""
    is_deferred: bool = False
    """True if the box waits because it loads after the page."""
    can_retry: bool = False
    """True if the page is to load the box again, by itself and by a button."""
    error: str = ""
    """The exception's text, for those who may read it."""

    def render(self, templates: Templates) -> SafeString:
        """Return the HTML that the box shows; empty for ``"fresh"``."""
        if self.state == "fresh":
            return SafeString()

        def context() -> dict[str, Any]:
            return {
                **self._asdict(),
                "since": None if self.since is None else _TIME,
                "error": _ERROR if self.error else "",
            }

        texts = {
            _TIME: "" if self.since is None else _as_time(self.since),
            _ERROR: escape(self.error),
        }
        key = self._replace(since=self.since and 1, error=self.error and "1"), get_language()
        html = fill(templates.get(TEMPLATE), key, context, texts)
        return SafeString(html.strip())


def render_failed(templates: Templates) -> SafeString:
    """Render what stands in place of something that has no box: a filter bar, a card."""
    words = BoxState("failed").render(templates)
    return format_html('<p class="dashboards-state">{}</p>', words)


def _as_time(since: float) -> SafeString:
    moment = datetime.fromtimestamp(since, UTC)
    local = timezone.localtime(moment)
    text = formats.date_format(local, "SHORT_DATETIME_FORMAT")
    return format_html('<time datetime="{}">{}</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", text)
