"""Live values in tests: computing one, and comparing what a box shows with a value."""

import json
import re
from collections.abc import Iterable
from typing import Any

from asgiref.sync import sync_to_async

from dashboards.component.bound import BoundComponent
from dashboards.component.broadcast import broadcasting, fit_to_page
from dashboards.component.live import render_broadcast
from dashboards.component.release import strip_mark
from dashboards.dashboard import Dashboard
from dashboards.exceptions import ComponentValueError
from dashboards.live.stores import get_store
from dashboards.live.wire.frames import Points
from dashboards.testing.answers import Locale
from dashboards.testing.html import read_content, read_text
from dashboards.testing.isolation import commit

_POINT = re.compile(r'data-dashboards-point="\d+">(.*?)</script>')


def compute(
    dashboard: Dashboard | type[Dashboard],
    key: str,
    *,
    object: Any = None,  # noqa: A002 - as in the constructor of dashboards
    user: Any = None,
) -> Any:
    """Compute the value of a component now, and return it as the component's code returns it.

    It is computed as for all viewers: without a request. If the component is live and computed
    (``Every``, ``OnChange``), the value is stored too, so that open pages get it.

    Args:
        dashboard: the class, or an instance.
        key: the component's key.
        object: the object of a ``ModelDashboard``.
        user: the user of a dashboard whose audience is one user.

    Raises:
        UnknownComponentError: there is no such component.
        ComponentValueError: the component cannot show the value.
        Exception: the error that the component's code raises.
    """
    commit()
    if isinstance(dashboard, type):
        dashboard = dashboard(object=object, user=user)
    bound = dashboard[key]
    with broadcasting():
        value = bound.loader.get()
    live = bound.live_binding
    if live is not None and live.is_computed:
        get_store().put(dashboard.channel, {bound.event: _render_live(bound, value)})
    else:
        bound.prepare(value)
    return value


async def acompute(dashboard: Dashboard | type[Dashboard], key: str, **kwargs: Any) -> Any:
    """Do as ``compute``, in async code."""
    return await sync_to_async(compute)(dashboard, key, **kwargs)


def shows(bound: BoundComponent, html: str, value: Any, locale: Locale) -> bool:
    """Return True if the HTML of a component's box shows a value.

    It does if the component renders the value as this HTML, or if the text that a viewer reads is
    that of the value. Of a series the newest points must be those of the value.

    Args:
        bound: the component.
        html: the content of its box.
        value: a value that the component can show, or the text of its box.
        locale: the language and the time zone of the page.

    Raises:
        ComponentValueError: the component cannot show the value, which is no text.
    """
    if read_text(html) == " ".join(str(value).split()):
        return True
    try:
        rendered = render_value(bound, value, locale)
    except ComponentValueError:
        if isinstance(value, str):
            return False  # It is the text of a box.
        raise
    if isinstance(rendered, Points):
        points = _read_points(rendered.items)
        return _read_points(_POINT.findall(html))[-len(points) :] == points
    with locale.active():
        if _is_same(html, fit_to_page(rendered)):
            return True
        # A live value is that of all viewers, or the page's own until the first push.
        is_live = bound.live_binding is not None
        return is_live and _is_same(html, str(bound.render(bound.prepare(value))))


def _is_same(html: str, shown: str) -> bool:
    # The text of a chart does not tell its figure, which is in a script element.
    is_told_by_text = "<script" not in shown and read_text(shown) != ""
    return shown == html or (is_told_by_text and read_text(shown) == read_text(html))


def _read_points(items: Iterable[str]) -> list[Any]:
    """Return the points of a series; each item is the JSON of those that came together."""
    return [point for item in items for point in json.loads(item)]


def render_value(bound: BoundComponent, value: Any, locale: Locale) -> str | Points:
    """Render a value as the component's box shows it, in the language of a page.

    Raises:
        ComponentValueError: the component cannot show the value.
    """
    live = bound.live_binding
    if live is None or (live.is_refreshed and not bound.series):
        with locale.active():
            return str(bound.render(bound.prepare(value)))
    rendered = _render_live(bound, value)
    return strip_mark(rendered) if isinstance(rendered, str) else rendered


def _render_live(bound: BoundComponent, value: Any) -> str | Points:
    with broadcasting():
        return render_broadcast(bound, bound.prepare(value))


def read_value(bound: BoundComponent, value: Any, locale: Locale) -> str:
    """Return what a viewer gets of a value: its text, and the data of a chart as JSON."""
    try:
        rendered = render_value(bound, value, locale)
    except ComponentValueError:
        return str(value)  # It is the text of a box.
    return " ".join(rendered.items) if isinstance(rendered, Points) else read_content(rendered)
