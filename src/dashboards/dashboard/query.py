"""The parameters of a request that the URLs on its page repeat: those that are known and valid."""

from collections.abc import Iterable

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from dashboards import conf
from dashboards.component.bound import BoundComponent
from dashboards.component.filters import Filters
from dashboards.dashboard.time_range import PARAMETERS, keep_range

KIOSK_PARAMS = ("kiosk", "kiosk-boards", "kiosk-rotate", "kiosk-dim")
"""The parameters that show a page on a wall. They are no filters, and no URL repeats them."""


def get_params(request: HttpRequest) -> QueryDict:
    """Return the parameters of a request without those that show its page on a wall."""
    if not any(name in request.GET for name in KIOSK_PARAMS):
        return request.GET
    params = request.GET.copy()
    for name in KIOSK_PARAMS:
        params.pop(name, None)
    return params


def keep_known(
    request: HttpRequest | None,
    components: Iterable[BoundComponent],
    filters: Filters | None,
    *,
    shares_time: bool = False,
) -> QueryDict:
    """Return the parameters that links, forms and requests of components repeat.

    These are the parameters of components (``<key>-…``) that their kinds accept, and those of the
    filter form. Without a filter form all other parameters are filters, which values may read. On
    a page of your own around an embedded dashboard, its parameters are kept, too. If charts share
    their time, a valid range is kept. No parameter is kept of a query string that is longer than
    ``DASHBOARDS["MAX_QUERY_LENGTH"]``.

    Args:
        request: the request, or None.
        components: the components that the request may see.
        filters: the dashboard's filter form, or None.
        shares_time: True if charts of the dashboard share a range of time.
    """
    kept = QueryDict(mutable=True)
    # Most requests have no parameters: there is no need to ask each component.
    if request is None or not request.GET:
        return kept
    if len(request.META.get("QUERY_STRING", "")) > conf.get("MAX_QUERY_LENGTH"):
        return kept
    others = get_params(request).copy()
    for component in components:
        prefix = f"{component.key}-"
        own = {
            name.removeprefix(prefix): others.pop(name)
            for name in list(others)
            if name.startswith(prefix)
        }
        for name, values in component.keep_params(MultiValueDict(own)).lists():
            kept.setlist(f"{prefix}{name}", values)
    if shares_time:
        kept.update(keep_range(others))
        for name in PARAMETERS:
            others.pop(name, None)
    match = request.resolver_match
    is_own_page = match is not None and "dashboards" in match.app_names
    for name, values in others.lists():
        if filters is None or not is_own_page or filters.is_own(name):
            kept.setlist(name, values)
    return kept
