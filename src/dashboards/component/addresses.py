"""The addresses of one component: its own, and those of its page, as its viewer needs them."""

from collections.abc import Iterable

from django.http import QueryDict
from django.urls import NoReverseMatch
from django.utils.encoding import escape_uri_path

from dashboards.component.base import Bound
from dashboards.component.owner import Owner
from dashboards.component.values import call


class Addresses:
    """The addresses of one bound component.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
    """

    def __init__(self, owner: Owner, bound: Bound) -> None:
        self._owner = owner
        self._bound = bound

    @property
    def kept(self) -> QueryDict:
        """The parameters of the request that addresses on its page repeat."""
        return self._owner.kept

    @property
    def kept_by_form(self) -> QueryDict:
        """Those that it repeats if it is a form that filters its ``dependents``."""
        found = map(self._owner.components.find, self._bound.declaration.dependents)
        return without_pages(self.kept, (each for each in found if each is not None))

    @property
    def url(self) -> str:
        """The address that it loads from, with the choices of its viewer."""
        url, bound = self._address, self._bound
        if not bound.is_customized:
            return url
        query = QueryDict(mutable=True)
        for name, values in bound.declaration.keep_params(bound.params).lists():
            query.setlist(f"{bound.key}-{name}", values)
        return _join(url, query.urlencode())

    @property
    def load_url(self) -> str:
        """The address that it loads from, with the query string of its page."""
        return self._add_query(self._address)

    @property
    def retry_url(self) -> str | None:
        """The address that a viewer loads to try again, in a box that does not load itself.

        It runs no code of the author. ``None`` if the dashboard has no address.
        """
        try:
            return self._add_query(self._owner.get_component_url(self._bound.key))
        except NoReverseMatch:
            return None

    def _add_query(self, url: str) -> str:
        # The page's query string has the component's own parameters, too.
        query = self._owner.query
        return _join(url, query) if query else url

    @property
    def _address(self) -> str:
        key, url = self._bound.key, self._bound.declaration.defer_url
        if not url:
            return self._owner.get_component_url(key)
        return str(call(url, reverse_args=self._owner.get_component_args(key)))

    @property
    def page_url(self) -> str:
        """The address of the dashboard's page."""
        return self._owner.get_absolute_url()

    @property
    def full_path(self) -> str:
        """The path of the request, with those of its parameters that are kept."""
        request, query = self._owner.request, self._owner.query
        if request is None:
            return ""
        path = escape_uri_path(request.path)
        return f"{path}?{query}" if query else path


def without_pages(params: QueryDict, filtered: Iterable[Bound]) -> QueryDict:
    """Return parameters without the pages of components: other filters show other rows.

    Args:
        params: the parameters of a page.
        filtered: the components whose filters change.
    """
    kept = params.copy()
    for each in filtered:
        if each.declaration.page_param:
            kept.pop(f"{each.key}-{each.declaration.page_param}", None)
    return kept


def _join(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"
