"""When a live value is computed, and who may compute it."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, NamedTuple, get_args

from django.db.models import Model

from dashboards.compat import accept_old_names
from dashboards.live.stores.base import BaseStore
from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import Position
from dashboards.live.wire.value_state import State

MIN_SECONDS = 0.1

Delivery = Literal["broadcast", "per_viewer"]

_DELIVERIES = get_args(Delivery)
# A claim is made for so long at most, and extended while the work goes on.
_MOST_CLAIM_SECONDS = 10.0


@accept_old_names(how="delivery", spread="jitter")
@dataclass(frozen=True)
class Every:
    """Compute the value every so many seconds, while someone watches.

    Args:
        seconds: the interval in seconds, at least 0.1.
        delivery: ``"broadcast"``, the default: the value is computed once for all viewers.
            ``"per_viewer"``: the value depends on its viewer, and each page loads its own.
        jitter: for ``"per_viewer"``, seconds over which the pages spread their requests; default 2.
    """

    seconds: float
    delivery: Delivery = "broadcast"
    jitter: float = 2

    def __post_init__(self) -> None:
        if not self.seconds >= MIN_SECONDS:
            msg = f"Every(seconds={self.seconds!r}): seconds must be a number of at least 0.1."
            raise ValueError(msg)
        _check_delivery(self)


@accept_old_names(window="debounce", how="delivery", spread="jitter")
@dataclass(frozen=True, init=False)
class OnChange:
    """Compute the value anew after objects of these models were saved or deleted.

    It is computed after the commit, once for all viewers, and only while a page is open. Changes
    within ``debounce`` seconds are merged into one computation. Changes that send no signal
    (``QuerySet.update``, ``bulk_create``, SQL, a many-to-many relation) are seen after ``seconds``
    at the latest.

    Args:
        *models: model classes, or their names such as ``"shop.Order"``; at least one.
        debounce: seconds in which changes are merged; default 0.2.
        seconds: how old a value gets though no signal came; default 60.
        delivery: as in ``Every``.
        jitter: as in ``Every``.
    """

    models: tuple[type[Model] | str, ...]
    debounce: float
    seconds: float
    delivery: Delivery
    jitter: float

    def __init__(
        self,
        *models: type[Model] | str,
        debounce: float = 0.2,
        seconds: float = 60,
        delivery: Delivery = "broadcast",
        jitter: float = 2,
    ) -> None:
        if not models:
            msg = "OnChange() needs at least one model."
            raise ValueError(msg)
        if not (debounce > 0 and seconds >= MIN_SECONDS):
            msg = (
                f"OnChange(debounce={debounce!r}, seconds={seconds!r}): debounce must be above 0 "
                "and seconds at least 0.1."
            )
            raise ValueError(msg)
        given = {"models": models, "debounce": debounce, "seconds": seconds}
        for name, value in {**given, "delivery": delivery, "jitter": jitter}.items():
            object.__setattr__(self, name, value)
        _check_delivery(self)


def _check_delivery(trigger: Every | OnChange) -> None:
    if trigger.delivery not in _DELIVERIES or not trigger.jitter >= 0:
        msg = (
            f"{type(trigger).__name__}(delivery={trigger.delivery!r}, jitter={trigger.jitter!r}): "
            f"delivery must be one of {', '.join(map(repr, _DELIVERIES))} and jitter a number of "
            "at least 0."
        )
        raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class ComputedValue:
    """A live value that is computed, not pushed.

    Args:
        key: the component it belongs to.
        seconds: how often it is computed.
        render: computes and renders it.
        deferred: whether a page is sent without waiting for it.
        debounce: for a value that is computed on change, the seconds in which changes are merged.
        topics: for such a value, the channels whose news are the changes.
        render_state: renders a state of it (``"late"`` or ``"failed"``) and since when, in seconds
            since 1970, as the HTML that its box shows; ``None`` where no box shows states.
        begin: called before ``render``. It reads anew what the value is of, unless that is in the
            set that it is given, and adds it there. Of a value that is awaited it returns what is
            to be awaited before ``render`` is called.
        is_awaited: True if ``begin`` returns something to await.
        release: which release of the site renders it; empty where that makes no difference.
    """

    key: str
    seconds: float
    render: Callable[[], str | Points]
    deferred: bool = False
    debounce: float | None = None
    topics: tuple[str, ...] = ()
    render_state: Callable[[State, float], str] | None = None
    begin: Callable[[set[object]], Coroutine[Any, Any, None] | None] | None = None
    is_awaited: bool = False
    release: str = ""


class ComputeGroup(NamedTuple):
    """Sources that are computed together: one lease, one version."""

    name: str
    seconds: float
    sources: Sequence[ComputedValue]
    debounce: float | None = None
    """Where it waits for changes: seconds in which they are merged."""
    topics: tuple[str, ...] = ()

    @property
    def claim_seconds(self) -> float:
        """How long a claim lasts if nobody extends it: what a dead holder costs."""
        seconds = self.fresh_seconds
        return seconds if self.debounce is None else min(seconds, _MOST_CLAIM_SECONDS)

    @property
    def fresh_seconds(self) -> float:
        """How long a value counts as new: a little less than the interval."""
        return self.seconds * 0.9

    def is_surely_held(self, elapsed: float) -> bool:
        """Whether a claim made so many seconds ago holds without asking.

        Else somebody may have taken over meanwhile, and have newer values.
        """
        return elapsed < self.claim_seconds / 2

    def stamp(self, heads: Mapping[str, Position]) -> str:
        """Return for which state of its topics it is computed; empty where it has none."""
        return ",".join(str(heads.get(topic, "-")) for topic in self.topics)


def topic_of(model: type[Model] | str) -> str:
    """Return the channel that has news whenever a model's objects changed."""
    label = model if isinstance(model, str) else model._meta.label  # noqa: SLF001 - public by custom
    return f"model:{label.lower()}"


def lease_of(channel: str, turn: str) -> str:
    """Return the name under which a turn is claimed, bounded as names of channels are."""
    return f"turn:{sha256(f'{channel} {turn}'.encode()).hexdigest()}"


def group_by_interval(sources: Iterable[ComputedValue]) -> Sequence[ComputeGroup]:
    """Group sources by interval, deferred ones apart; those that wait for changes stay single."""
    groups: dict[tuple[float, bool], list[ComputedValue]] = {}
    single: list[ComputeGroup] = []
    for each in sources:
        if each.debounce is not None:
            name = _name(f"change {each.key}", [each])
            single.append(ComputeGroup(name, each.seconds, [each], each.debounce, each.topics))
            continue
        groups.setdefault((each.seconds, each.deferred), []).append(each)
    return single + [
        ComputeGroup(_name(f"{seconds:g}{' deferred' if deferred else ''}", group), seconds, group)
        for (seconds, deferred), group in groups.items()
    ]


def _name(name: str, sources: Iterable[ComputedValue]) -> str:
    """Return a turn's name. Each release computes turns of its own: it cannot show the others'."""
    return " ".join([name, *(each.release for each in sources if each.release)])


class Claim(NamedTuple):
    """A turn that is ours to compute."""

    name: str
    holder: str
    stamp: str


def claim(store: BaseStore, channel: str, turn: ComputeGroup) -> Claim | None:
    """Claim a turn; ``None`` where it is not due or somebody else computes it."""
    name = lease_of(channel, turn.name)
    # Read before anything is computed: what changes meanwhile makes the turn due again.
    heads = dict(store.heads(turn.topics)) if turn.topics else {}
    for topic in turn.topics:
        if topic not in heads:
            # By this other processes know that somebody waits for it.
            heads[topic] = store.put(topic, {})
    stamp = turn.stamp(heads)
    holder = store.claim(name, turn.claim_seconds, stamp)
    return Claim(name, holder, stamp) if holder else None
