"""Rendering the box of a bound component, also where the code of its author raises.

What raises costs its own part of the box: a box without its link, a heading made from the key, the
last good value with the words that it has failed.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from django.utils.safestring import SafeString, mark_safe

from dashboards.component.base import Bound
from dashboards.component.box import Box, escaped
from dashboards.component.broadcast import fit_to_page
from dashboards.component.css import classes_by_part
from dashboards.component.errors import Failure, get_error_text
from dashboards.component.htmx import get_content_attributes
from dashboards.component.links import CTA
from dashboards.component.live import LiveBinding
from dashboards.component.owner import Owner
from dashboards.component.release import strip_mark
from dashboards.component.states import BoxState
from dashboards.live.stores.limits import check_size
from dashboards.live.wire.value_state import ValueState
from dashboards.storable_text import clean_text

T = TypeVar("T")

_PARTS = dict.fromkeys(("box", "title", "icon", "content", "state", "cta"), "")
"""Every part is present, empty by default: a missing variable costs a failed lookup."""

_NO_CSS = tuple((name, escaped("")) for name in _PARTS)


class Shown(NamedTuple):
    """The content of a box and its state."""

    content: SafeString | None
    """The value as HTML; ``None`` for none, or for nothing new."""
    state: SafeString
    """The state of the value in words, as HTML; empty if the value is fresh."""
    at: float | None = None
    """The time of the value, in seconds since 1970; ``None`` if it is not known."""


class Placement(NamedTuple):
    """The place of a box in its page."""

    level: int
    """The level of its heading."""
    show_title: bool
    """False to leave out the heading."""
    is_placed: bool
    """True if it stands in the dashboard's grid, not in a card."""


class _Attempt(Protocol):
    """Runs code that makes a part of a box; may return the default if the code raises."""

    def __call__(self, run: Callable[[], T], default: T) -> T: ...


def render_box(
    owner: Owner,
    bound: Bound,
    live: LiveBinding | None,
    placement: Placement,
) -> SafeString:
    """Render a box with its heading, around its content if the page need not wait for it.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
        live: its live side; ``None`` if it is not live.
        placement: where it stands.
    """
    shown = show(owner, bound, live, partial(owner.render_content, bound.key))
    boundary = bound.error_boundary

    def render() -> SafeString:
        box = _get_box(owner, bound, placement)
        attributes = get_content_attributes(owner, bound, live, shown.content, shown.at)
        return box.render(owner.templates, attributes, shown.content, shown.state)

    html = boundary.call(render, "box", owner.transactions)
    if not isinstance(html, Failure):
        return html

    def attempt(run: Callable[[], T], default: T) -> T:
        part = boundary.call(run, "box", owner.transactions)
        return default if isinstance(part, Failure) else part

    box = _make_box(owner, bound, placement, attempt)
    no_attributes: dict[str, Any] = {}
    attributes = attempt(
        lambda: get_content_attributes(owner, bound, live, shown.content, shown.at), no_attributes
    )
    # Without attributes it never loads: its state is not "Loading…".
    state = attributes and shown.state
    state = state or _render_state(owner, bound, "failed", error=html.error)
    return box._replace(is_deferred=False).render(owner.templates, attributes, shown.content, state)


def show(
    owner: Owner,
    bound: Bound,
    live: LiveBinding | None,
    make: Callable[[], SafeString | None],
    *,
    is_loaded: bool = False,
) -> Shown:
    """Return the content of a box and its state; errors of the author's code are caught.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
        live: its live side; ``None`` if it is not live.
        make: renders the content; returns ``None`` for none, or for nothing new.
        is_loaded: True for a page that loads the box and keeps its last good value.
    """

    def make_fit() -> SafeString | None:
        html = make()
        if html is None:
            return None
        limit = owner.settings["MAX_FRAME_BYTES"]
        # A character has at most four bytes: most texts need not be measured.
        if 4 * len(html) > limit:
            check_size(bound.label, html, limit)
        return SafeString(clean_text(html))

    boundary = bound.error_boundary
    made: Failure | SafeString | None = boundary.failure or boundary.call(
        make_fit, "value", owner.transactions
    )
    if isinstance(made, Failure):
        content = None if is_loaded else _get_last_good(owner, bound, live)
        retry_url: str | None = ""
        if not is_loaded:
            trigger = boundary.call(lambda: bound.trigger, "box", owner.transactions)
            if isinstance(trigger, Failure) or not (trigger or bound.live):
                retry_url = None
            elif not trigger:
                retry_url = bound.addresses.retry_url
        state = _render_state(owner, bound, "failed", retry_url=retry_url, error=made.error)
        return Shown(content, state, None if content is None else bound.value_time)
    state = SafeString()
    if live is not None and not (live.is_refreshed or bound.is_customized):
        state = SafeString(owner.get_state(bound.event))
    if not state and made is None:
        state = _render_state(owner, bound, "waiting")
    return Shown(made, state, None if made is None else bound.value_time)


def _get_last_good(owner: Owner, bound: Bound, live: LiveBinding | None) -> SafeString | None:
    """Return the newest stored frame; ``None`` if this viewer is not shown the shared value."""

    def read() -> str | None:
        if live is None or live.is_refreshed or bound.is_customized:
            return None
        return bound.get_frame()

    frame = bound.error_boundary.call(read, "value", owner.transactions)
    return render_frame(frame) if isinstance(frame, str) else None


def render_frame(frame: str) -> SafeString:
    """Return a stored frame as the content of a box."""
    return mark_safe(fit_to_page(strip_mark(frame)))  # noqa: S308 - rendered by us, escaped


def _render_state(
    owner: Owner,
    bound: Bound,
    state: ValueState,
    *,
    retry_url: str | None = None,
    error: Exception | None = None,
) -> SafeString:
    return BoxState(
        state,
        is_deferred=state == "waiting" and bound.is_deferred,
        retry_url=retry_url,
        error=get_error_text(error, owner.request) if error else "",
    ).render(owner.templates)


def _get_box(owner: Owner, bound: Bound, placement: Placement) -> Box:
    """Return the box of a component, from what was kept of it if nothing else decides on it."""
    facts, settings = bound.declaration._facts, owner.settings  # noqa: SLF001 - no part of the interface of kinds
    css = settings["COMPONENT_CSS_CLASSES"]
    key = (bound.key, placement, settings["GRID_CSS_CLASSES"], bound.is_deferred)
    kept = facts.boxes.get(key)
    # The setting is no key, for it is a dict. It is the same object until settings change.
    if kept is not None and kept[0] is css:
        return Box(bound.dom_id, *kept[1])
    box = _make_box(owner, bound, placement, _run)
    if facts.has_fixed_box:
        facts.boxes[key] = css, box[1:]
    return box


def _run(run: Callable[[], T], default: T) -> T:  # noqa: ARG001 - nothing is caught
    return run()


def _escape_link(link: CTA) -> tuple[str, str]:
    return escaped(link.href), escaped(link.text)


def _make_box(owner: Owner, bound: Bound, placement: Placement, attempt: _Attempt) -> Box:
    """Return the box of a component.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
        placement: where it stands.
        attempt: runs the code of each part.
    """
    declaration, settings = bound.declaration, owner.settings
    has_css = declaration.css_classes or settings["COMPONENT_CSS_CLASSES"]
    default_grid = settings["GRID_CSS_CLASSES"] if placement.is_placed else ""
    no_cta: tuple[str, str] | tuple[()] = ()

    def get_css() -> tuple[tuple[str, SafeString], ...]:
        return tuple((name, escaped(css)) for name, css in get_parts(owner, bound).items())

    def get_cta() -> tuple[str, str] | tuple[()]:
        cta = bound.cta
        return _escape_link(cta) if cta else ()

    no_links: tuple[tuple[str, str], ...] = ()

    def get_links() -> tuple[tuple[str, str], ...]:
        return tuple(map(_escape_link, bound.menu_links))

    title = attempt(lambda: escaped(bound.title), escaped(words_of(bound.key)))
    return Box(
        dom_id=bound.dom_id,
        kind=declaration._facts.css_kinds,  # noqa: SLF001 - no part of the interface of kinds
        title=title if placement.show_title else "",
        level=str(placement.level),
        icon=attempt(lambda: escaped(declaration.icon), SafeString()),
        grid_css_classes=attempt(
            lambda: escaped(declaration.grid_css_classes or default_grid), SafeString()
        ),
        parts=attempt(get_css, _NO_CSS) if has_css else _NO_CSS,
        cta=attempt(get_cta, no_cta),
        menu_links=attempt(get_links, no_links) if declaration.menu else no_links,
        has_menu=declaration.menu is not None,
        is_deferred=bound.is_deferred,
    )


def get_parts(owner: Owner, bound: Bound) -> dict[str, str]:
    """Return the CSS classes by part: those of the settings, and over them the declared ones."""
    declaration = bound.declaration
    setting = owner.settings["COMPONENT_CSS_CLASSES"]
    return _PARTS | classes_by_part(setting, type(declaration), declaration.css_classes, "box")


def words_of(key: str) -> str:
    """Return the heading that is made from a component's key."""
    return key.replace("_", " ").capitalize()
