"""Values that are computed together."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.live.wire.value_state import ValueState

_MAX_LEASE_SECONDS = 10.0
"""The maximum for a group that waits for changes. A lease is renewed while work goes on."""


@dataclass(frozen=True, slots=True)
class ComputedValue:
    """A live value that is computed, not pushed.

    Args:
        key: the component's event.
        seconds: the interval in seconds.
        render: computes and renders the value.
        deferred: True if a page is sent without waiting for the value.
        debounce: for a value that is computed on change, the seconds in which changes are merged.
        topics: for such a value, the channels that get a new version with each change.
        render_state: returns the HTML that the box shows for a state (``"late"`` or ``"failed"``)
            and the time when it began, in seconds since 1970; ``None`` if no box shows states.
        begin: called before ``render``. It reads the objects of the value from the database again,
            unless they are in the set that it gets, and adds them to that set. If the value is
            awaited, it returns the coroutine that must end before ``render`` is called.
        is_awaited: True if ``begin`` returns a coroutine.
        release: the release of the site that renders the value; empty if that makes no difference.
    """

    key: str
    seconds: float
    render: Callable[[], str | Points]
    deferred: bool = False
    debounce: float | None = None
    topics: tuple[str, ...] = ()
    render_state: Callable[[ValueState, float], str] | None = None
    begin: Callable[[set[object]], Coroutine[Any, Any, None] | None] | None = None
    is_awaited: bool = False
    release: str = ""

    def try_render(
        self, reloaded: set[object] | None = None
    ) -> tuple[str | Points | None, BaseException | None]:
        """Compute and render the value. Return the result and ``None``, or ``None`` and the error.

        Args:
            reloaded: the objects that were read again for earlier values; ``None`` if ``begin`` was
                called already.
        """
        try:
            if reloaded is not None and self.begin is not None:
                self.begin(reloaded)
            return self.render(), None
        except BaseException as error:  # noqa: BLE001 - a project's code may raise anything
            return None, error


class ComputeGroup(NamedTuple):
    """Values that are computed together: one lease, one version."""

    name: str
    seconds: float
    values: Sequence[ComputedValue]
    debounce: float | None = None
    """For a group that waits for changes, the seconds in which changes are merged."""
    topics: tuple[str, ...] = ()

    @property
    def lease_seconds(self) -> float:
        """The seconds until a lease ends that is not renewed: the delay if its process dies."""
        seconds = self.fresh_seconds
        return seconds if self.debounce is None else min(seconds, _MAX_LEASE_SECONDS)

    @property
    def fresh_seconds(self) -> float:
        """The seconds for which a value counts as new: a little less than the interval."""
        return self.seconds * 0.9

    def lease_is_safe(self, elapsed: float) -> bool:
        """Return True if a lease of this age, in seconds, is valid without a request to the store.

        Otherwise another process may have acquired it since, and have newer values.
        """
        return elapsed < self.lease_seconds / 2

    def get_input_version(self, heads: Mapping[str, Position]) -> str:
        """Return the positions of the topics as one text; empty if there are no topics."""
        return ",".join(str(heads.get(topic, "-")) for topic in self.topics)


def group_by_interval(values: Iterable[ComputedValue]) -> Sequence[ComputeGroup]:
    """Group values by interval, deferred ones apart. One that waits for changes stays single."""
    groups: dict[tuple[float, bool], list[ComputedValue]] = {}
    single: list[ComputeGroup] = []
    for each in values:
        if each.debounce is not None:
            name = _group_name(f"change {each.key}", [each])
            single.append(ComputeGroup(name, each.seconds, [each], each.debounce, each.topics))
            continue
        groups.setdefault((each.seconds, each.deferred), []).append(each)
    return single + [
        ComputeGroup(
            _group_name(f"{seconds:.15g}{' deferred' if deferred else ''}", group), seconds, group
        )
        for (seconds, deferred), group in groups.items()
    ]


def _group_name(name: str, values: Iterable[ComputedValue]) -> str:
    """Return a name with the releases of the values: no release can show what another renders."""
    return " ".join([name, *(each.release for each in values if each.release)])
