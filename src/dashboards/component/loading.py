"""Getting the value of a bound component: from which callable, with which arguments, and when."""

from collections.abc import Sequence
from types import MethodType
from typing import Any

from django.utils.functional import cached_property

from dashboards.calling import names_of
from dashboards.component.base import Bound
from dashboards.component.filters import Filters
from dashboards.component.owner import Owner
from dashboards.component.pending import PendingValue, is_awaited
from dashboards.component.values import resolve

_FILTER_NAMES = frozenset({"filters", "filterset", "request"})
_SUBJECT_NAMES = frozenset({"object", "user"})


class ValueLoader:
    """Gets the value of one component for one dashboard instance.

    A page calls all its values before it renders the first, so that those which are awaited wait
    together (``gather_values``). They are kept in ``pending`` for as long as the instance lives.

    Args:
        owner: the dashboard instance.
        bound: the bound component.
    """

    pending: PendingValue | None = None
    """The value that was called before it is rendered; ``None`` if it was not."""

    def __init__(self, owner: Owner, bound: Bound) -> None:
        self._owner = owner
        self._bound = bound

    @cached_property
    def source(self) -> Any:
        """The value, or the callable that returns it: ``get_<key>_value`` or the declared one."""
        return getattr(self._owner, f"get_{self._bound.key}_value", self._bound.declaration.value)

    @cached_property
    def defer_source(self) -> Any:
        """True or a callable if the value is loaded after the page; else ``None``."""
        bound, component = self._bound, self._bound.declaration
        declared = getattr(self._owner, f"get_{bound.key}_defer", component.defer)
        has_only_url = bool(component.defer_url) and self.source is None
        return declared or has_only_url or None

    @property
    def load_source(self) -> Any:
        """The value of a request of its own, or the callable that returns it."""
        defer_source = self.defer_source
        return self.source if defer_source in (None, True) else defer_source

    @property
    def is_awaited(self) -> bool:
        """True if calling the value gives a coroutine."""
        return is_awaited(self.load_source)

    @property
    def has_subject(self) -> bool:
        """True if the value depends on an object or a user, which may change in the database."""
        return _uses(_SUBJECT_NAMES, self.load_source)

    @property
    def uses_filters(self) -> bool:
        """True if the value may depend on the filters of the page."""
        return _uses(_FILTER_NAMES, self.source) or _uses(_FILTER_NAMES, self.defer_source)

    @cached_property
    def form_filters(self) -> Sequence[Filters]:
        """The filters of the forms that name the component; a hidden form has its initial ones."""
        forms = self._owner.components.get_dependencies(self._bound.key)
        return [each.own_filters for each in forms if each.own_filters is not None] if forms else ()

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """The arguments that callables may name."""
        owner = self._owner
        filters, filterset = owner.filters, owner.filterset
        for each in self.form_filters:
            filters = {**filters, **each.values}
            own = each.get_filterset()
            filterset = filterset if own is None else own
        return {
            "request": owner.request,
            "object": owner.object,
            "user": owner.user,
            "filters": filters,
            "filterset": filterset,
        }

    def begin(self) -> PendingValue | None:
        """Call the value; return ``None`` if it is not callable."""
        source = self.load_source
        return PendingValue(source, **self.call_kwargs) if callable(source) else None

    def get(self) -> Any:
        """Return the value as the author's code returns it: ``pending`` if there is one."""
        if self.pending is not None:
            return self.pending.result()
        return resolve(self.load_source, **self.call_kwargs)

    def prefetch(self) -> None:
        """Call the value if its page cannot be sent without it."""
        self._bound.error_boundary.call(self._prefetch, "value", self._owner.transactions)

    def _prefetch(self) -> None:
        if self.is_needed:
            self.pending = self.begin()

    def prefetch_deferred(self) -> None:
        """Call the value if it is loaded after the page."""
        self._bound.error_boundary.call(self._prefetch_deferred, "value", self._owner.transactions)

    def _prefetch_deferred(self) -> None:
        bound = self._bound
        is_shared = bound.series or bound.is_computed
        if bound.is_deferred and (bound.is_customized or not is_shared):
            self.pending = self.begin()

    @property
    def is_needed(self) -> bool:
        """True if the page cannot be sent without computing the value."""
        bound = self._bound
        if bound.is_deferred:
            return False
        if not bound.live or bound.is_customized:
            return True
        if bound.live is not True:
            return not bound.is_computed
        if bound.series:
            return False
        source = self.source
        if callable(source):
            return True
        # A component whose template opens a stream of its own, from its ``pushpin_url``, must be
        # on the page from the first.
        has_value = source is not None or hasattr(bound.declaration, "pushpin_url")
        return has_value and bound.get_frame() is None

    @property
    def shows_frame(self) -> bool:
        """True if a page shows the newest frame, and computes no value of its own."""
        bound = self._bound
        if not bound.live or bound.is_customized:
            return False
        if bound.live is not True:
            return bound.is_computed
        # A callable runs on every page load; a plain value is shown only until the first push.
        return bool(bound.series) or not callable(self.source)


def _uses(names: frozenset[str], value: Any) -> bool:
    """Return True if a value is a callable that may read one of these arguments."""
    if not callable(value):
        return False
    own = names_of(value)
    # A method of the dashboard can read them from ``self``.
    return isinstance(value, MethodType) or own is None or not own.isdisjoint(names)
