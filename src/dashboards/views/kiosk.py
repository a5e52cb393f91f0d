"""A page on a wall: ``?kiosk``, and the boards that it shows in turn."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from django.http import Http404, HttpRequest

from dashboards.component.errors import Failure, catch_errors
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.dashboard.query import KIOSK_PARAMS
from dashboards.menus.menu import BoundItem, bind, make_dashboard_item
from dashboards.registry import registry

_MAX_BOARDS = 20
_MIN_SECONDS, _MAX_SECONDS, _DEFAULT_SECONDS = 5, 3600, 30
_HOURS = re.compile(r"([01]?\d|2[0-3])-([01]?\d|2[0-3])", re.ASCII)


@dataclass(frozen=True)
class Board:
    """A board of a wall.

    Args:
        title: its name.
        url: its page, with the wall's parameters.
        is_current: True if it is the page that shows it.
    """

    title: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Kiosk:
    """The settings of a page on a wall, for one request.

    Args:
        boards: the boards that are shown in turn; empty if there is no other than the page.
        leave_url: the page as it is without a wall.
        seconds: how long each board is shown, and each part of a board that is too high.
        dim: the hours from and until which it is dimmed, such as ``"22-6"``; empty for never.
    """

    boards: Sequence[Board]
    leave_url: str
    seconds: int
    dim: str


def read_kiosk(request: HttpRequest, dashboard: Dashboard) -> Kiosk | None:
    """Return the settings of a page on a wall; None if the request wants the usual page.

    Parameters that cannot be used have their defaults. Boards that do not exist, or that the
    request may not open, are left out.
    """
    if "kiosk" not in request.GET:
        return None
    query = request.GET.copy()
    for name in set(query) - set(KIOSK_PARAMS):
        del query[name]
    address = query.urlencode(safe=",:")
    names = dict.fromkeys(query.get("kiosk-boards", "").split(",")[:_MAX_BOARDS])
    dim = query.get("kiosk-dim", "")
    boards = [
        Board(each.title, f"{each.url}?{address}", each.url == request.path)
        for each in _find_boards(names, request)
    ]
    return Kiosk(
        boards=boards if any(not each.is_current for each in boards) else [],
        leave_url=f"{request.path}?{dashboard.query}".removesuffix("?"),
        seconds=_read_seconds(query.get("kiosk-rotate", "")),
        dim=dim if _HOURS.fullmatch(dim) else "",
    )


def _read_seconds(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII):
        return _DEFAULT_SECONDS
    return min(max(int(text), _MIN_SECONDS), _MAX_SECONDS)


def _find_boards(names: dict[str, None], request: HttpRequest) -> Iterator[BoundItem]:
    """Yield an item for each board that the request may open."""
    known = {dashboard.get_url_name(): dashboard for dashboard in registry}
    for text in names:
        name, _, value = text.partition(":")
        found = known.get(name)
        if found is None or issubclass(found, ModelDashboard) != bool(value):
            continue
        find = partial(_find_object, found, request, value)
        instance = catch_errors(find, dashboard=found.__name__, part="board") if value else None
        if not isinstance(instance, Failure) and (instance is not None or not value):
            title = found.without_components(object=instance).name
            yield from bind([make_dashboard_item(found, instance, title)], request)


def _find_object(dashboard: type[Dashboard], request: HttpRequest, value: str) -> object:
    """Return the object that a board names; None if there is none."""
    names = dashboard.get_example_kwargs()
    try:
        return dashboard.get_object(request, **dict.fromkeys(names, value))
    except Http404:
        return None
    except Exception:
        if dashboard.is_refused_anyway(request):
            return None  # It expects a user who is signed in, for example.
        raise
