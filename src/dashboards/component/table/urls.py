"""The URLs of a table's states: of the page, and of the component itself."""

from dataclasses import dataclass

from django.http import QueryDict

from dashboards.component.table.state import EXPORT, PARAMS, TableState

_OWN_PARAMS = frozenset((*PARAMS, EXPORT))


@dataclass(frozen=True)
class TableUrls:
    """Writes states into query strings, beside the page's other parameters.

    Args:
        key: the component's key.
        url: the component's own URL.
        others: the page's other parameters, names and values.
    """

    key: str
    url: str
    others: tuple[tuple[str, str], ...] = ()

    def get_hidden_fields(self, state: TableState, *exclude: str) -> list[tuple[str, str]]:
        """Return names and values of the page's parameters for a state.

        Args:
            state: the state.
            *exclude: names of the table's own parameters to leave out.
        """
        own = {
            "sort": ",".join(state.order or ()),
            "search": state.search,
            "page": str(state.page) if state.page > 1 else "",
            "size": str(state.size or ""),
        }
        return [
            *self.others,
            *(
                (f"{self.key}-{name}", value)
                for name, value in own.items()
                if value and name not in exclude
            ),
        ]

    def get_page_url(self, state: TableState) -> str:
        """Return a link relative to the page: the query string, with ``?``."""
        return f"?{self._get_query(state).urlencode()}"

    def get_load_url(self, state: TableState, **params: str) -> str:
        """Return the URL that the component loads a state from.

        Args:
            state: the state.
            **params: further parameters of the table.
        """
        path, _, own_query = self.url.partition("?")
        query = QueryDict(own_query, mutable=True)
        state_query = self._get_query(state, **params)
        for name in [name for name in query if _is_own(self.key, name) or name in state_query]:
            del query[name]
        for name, values in state_query.lists():
            query.setlist(name, values)
        return f"{path}?{query.urlencode()}" if query else path

    def _get_query(self, state: TableState, **params: str) -> QueryDict:
        query = QueryDict(mutable=True)
        for name, value in self.get_hidden_fields(state):
            query.appendlist(name, value)
        for name, value in params.items():
            query[f"{self.key}-{name}"] = value
        return query


def build_table_urls(key: str, url: str, params: QueryDict) -> TableUrls:
    """Return the URLs of a table on a page.

    Args:
        key: the component's key.
        url: the component's own URL.
        params: the parameters of the page, also the table's own.
    """
    others = [
        (name, value)
        for name, values in params.lists()
        if not _is_own(key, name)
        for value in values
    ]
    return TableUrls(key, url, tuple(others))


def _is_own(key: str, name: str) -> bool:
    """Return True if a parameter belongs to the table with this key."""
    prefix = f"{key}-"
    return name.startswith(prefix) and name.removeprefix(prefix) in _OWN_PARAMS
