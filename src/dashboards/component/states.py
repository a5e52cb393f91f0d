"""The state of a box in words: its value is late, has failed, or has not come yet."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from dashboards.component.fragments import placeholder, render_fragment
from dashboards.component.templates import Templates
from dashboards.live.wire.value_state import ValueState

TEMPLATE = "dashboards/state.html"

HEADER = "Dashboards-State"
"""The response header that carries a box's state beside its content: HTML, percent-encoded."""

_TIME = placeholder("time")
_ERROR = placeholder("error")
_URL = placeholder("url")


class BoxState(NamedTuple):
    """The state of a box, which is rendered in words."""

    state: ValueState
    since: float | None = None
    """The time when it began, in seconds since 1970; ``None`` if it is not known."""
    is_deferred: bool = False
    """True if the value is missing because it loads after the page."""
    retry_url: str | None = None
    """The address that a button loads; empty if the box knows it, and tries again by itself;
    ``None`` for no button."""
    error: str = ""
    """The text of the exception; empty for viewers who may not read it."""

    def render(self, templates: Templates) -> SafeString:
        """Return the HTML that the box shows; empty for ``"fresh"``."""
        if self.state == "fresh":
            return SafeString()

        def context() -> dict[str, Any]:
            return {
                **self._asdict(),
                "since": None if self.since is None else _TIME,
                "error": _ERROR if self.error else "",
                "retry_url": _URL if self.retry_url else self.retry_url,
            }

        texts = {
            _TIME: "" if self.since is None else _as_time(self.since),
            _URL: self.retry_url or "",
            _ERROR: self.error,
        }
        shape = self._replace(
            since=self.since and 1,
            error=self.error and "1",
            retry_url=self.retry_url and "1",
        )
        key = shape, get_language()
        html = render_fragment(templates.find(TEMPLATE).template, key, context, texts)
        return SafeString(html.strip())


def render_failed(templates: Templates) -> SafeString:
    """Render the state "failed" in place of a part that has no box: a filter bar, a card."""
    words = BoxState("failed").render(templates)
    return format_html('<p class="dashboards-state">{}</p>', words)


def _as_time(since: float) -> SafeString:
    moment = datetime.fromtimestamp(since, UTC)
    local = timezone.localtime(moment)
    text = formats.date_format(local, "SHORT_DATETIME_FORMAT")
    return format_html('<time datetime="{}">{}</time>', f"{moment:%Y-%m-%dT%H:%M:%SZ}", text)
