"""Which parameters of a request the addresses on its page repeat: what is known, and valid."""

from collections.abc import Iterable

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from dashboards import conf
from dashboards.component.bound import BoundComponent
from dashboards.component.filters import Filters


def keep_known(
    request: HttpRequest | None, components: Iterable[BoundComponent], filters: Filters | None
) -> QueryDict:
    """Return the parameters that links, forms and requests of components repeat.

    These are the parameters of components (``<key>-…``), as far as their kinds know them, and
    those of the filter form. Without a filter form every other parameter is a filter, which values
    may ask for. A page of your own around an embedded dashboard keeps its parameters, too. Of a
    query that is longer than ``DASHBOARDS["MAX_QUERY_LENGTH"]`` nothing is kept.

    Args:
        request: the request; ``None`` where there is none.
        components: those that it may see.
        filters: the dashboard's filter form; ``None`` where it has none.
    """
    kept = QueryDict(mutable=True)
    if request is None or len(request.META.get("QUERY_STRING", "")) > conf.get("MAX_QUERY_LENGTH"):
        return kept
    others = request.GET.copy()
    for component in components:
        prefix = f"{component.key}-"
        own = {
            name.removeprefix(prefix): others.pop(name)
            for name in list(others)
            if name.startswith(prefix)
        }
        for name, values in component.keep_params(MultiValueDict(own)).lists():
            kept.setlist(f"{prefix}{name}", values)
    match = request.resolver_match
    is_own_page = match is not None and "dashboards" in match.app_names
    for name, values in others.lists():
        if filters is None or not is_own_page or filters.is_own(name):
            kept.setlist(name, values)
    return kept
