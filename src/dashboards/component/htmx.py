"""The attributes of a box that htmx and the package's scripts read.

This is the only module that names ``hx-*``, ``sse-*`` and ``data-*`` attributes of boxes.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from dashboards.component.age import get_stale_seconds, is_aging
from dashboards.component.base import Bound
from dashboards.component.live import LiveBinding
from dashboards.component.owner import Owner
from dashboards.live.compute.triggers import Every

_EVENT_NAME = re.compile(r"[\w:.-]+")
_OWN_EVENTS = frozenset({"load", "revealed", "intersect"})
"""Events of htmx that happen at an element, and not at those around it."""


def get_content_attributes(
    owner: Owner,
    bound: Bound,
    live: LiveBinding | None,
    content: str | None,
    at: float | None = None,
) -> dict[str, Any]:
    """Return the attributes that say how the content of a box is updated.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
        live: its live side; ``None`` if it is not live.
        content: what the box shows now; ``None`` for nothing.
        at: the time of that value; ``None`` if it is not known.
    """
    attributes: dict[str, Any] = {}
    if live is not None and live.is_refreshed:
        attributes["sse-refresh"] = bound.event
        attributes["data-dashboards-jitter"] = live.jitter_milliseconds
    elif live is not None:
        attributes["sse-swap"] = bound.event
        release = bound.declaration._release  # noqa: SLF001 - no part of the interface of kinds
        attributes["data-dashboards-release"] = release.structure
        if bound.series:
            attributes["data-dashboards-max-points"] = bound.series
            if isinstance(bound.live, Every):
                attributes["data-dashboards-interval"] = bound.live.seconds
    if is_aging(bound):
        attributes |= _get_age_attributes(bound, at)
    forms = owner.components.get_dependencies(bound.key)
    if forms and (depends_on := get_depends_on(forms)):
        attributes["data-dashboards-depends-on"] = depends_on
    if trigger := get_trigger(bound, live, forms):
        attributes["hx-get"] = bound.addresses.load_url
        attributes["hx-trigger"] = trigger
        if bound.is_batched:
            attributes["data-dashboards-batch-url"] = owner.get_batch_url()
            attributes["data-dashboards-batch-key"] = bound.key
        attributes["hx-swap"] = "innerMorph"
        attributes["hx-status:4xx"] = attributes["hx-status:5xx"] = "swap:none"
        attributes["data-dashboards-etag"] = "" if content is None else entity_tag(content)
    return attributes


def _get_age_attributes(bound: Bound, at: float | None) -> dict[str, str]:
    """Return the time of the value, if it is known, and the age from which it is old."""
    attributes = {} if at is None else {"data-dashboards-at": f"{at:.1f}"}
    if (seconds := get_stale_seconds(bound.declaration)) is not None:
        attributes["data-dashboards-stale-after"] = f"{seconds:g}"
    return attributes


def get_depends_on(dependencies: Sequence[Bound]) -> str:
    """Return the keys of the forms that filter a component, separated by spaces.

    Args:
        dependencies: the components that name it among their ``dependents``.
    """
    return " ".join([each.key for each in dependencies if each.is_allowed and each.own_filters])


def get_trigger(bound: Bound, live: LiveBinding | None, dependencies: Sequence[Bound]) -> str:
    """Return when a component loads from the server, as ``hx-trigger``; empty for never.

    Args:
        bound: the bound component.
        live: its live side; ``None`` if it is not live.
        dependencies: the components that name it among their ``dependents``.
    """
    declaration, triggers = bound.declaration, []
    if bound.is_deferred:
        # "seen" is an event of deferred.js: htmx's own "intersect" may start before that script
        # has loaded.
        triggers.append("dashboards:seen once" if bound.is_batched else "intersect once")
    if declaration.poll_rate:
        triggers.append(f"every {declaration.poll_rate}s")
    if live is not None and (live.is_refreshed or get_depends_on(dependencies)):
        triggers.append("dashboards:refresh")
    if declaration.trigger_on:
        triggers.append(_listen_on_body(declaration.trigger_on))
    if dependencies:
        triggers += [
            f"{each.declaration.changed_event} from:#{each.content_id}"
            for each in dependencies
            if each.is_allowed
        ]
    return ", ".join(triggers)


def _listen_on_body(trigger: str) -> str:
    """Return an htmx trigger. Of a bare event name it is one that the whole page's events reach."""
    is_event = _EVENT_NAME.fullmatch(trigger) and trigger not in _OWN_EVENTS
    return f"{trigger} from:body" if is_event else trigger


def entity_tag(html: str) -> str:
    """Return a text that differs for each rendering, as HTTP's ``ETag`` header has it."""
    return f'"{urlsafe_b64encode(sha256(html.encode()).digest()[:12]).decode()}"'
