"""When a live value is computed, and the computing of it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Model

from dashboards.live.stores.base import BaseStore

logger = logging.getLogger("dashboards.live")

MIN_SECONDS = 0.1


@dataclass(frozen=True)
class Every:
    """Compute the value every so many seconds, once for all viewers, while someone watches.

    Args:
        seconds: the interval in seconds, at least 0.1.
    """

    seconds: float

    def __post_init__(self) -> None:
        if not self.seconds >= MIN_SECONDS:
            msg = f"Every(seconds={self.seconds!r}): seconds must be a number of at least 0.1."
            raise ValueError(msg)


@dataclass(frozen=True, init=False)
class OnChange:
    """Compute the value anew after objects of these models were saved or deleted.

    It is computed after the commit, once for all viewers, and while someone watches; changes
    within a window are merged into one computation. What sends no signals (``QuerySet.update``,
    ``bulk_create``, SQL, a many-to-many relation) is seen after ``seconds`` at the latest.

    Args:
        *models: model classes, or their names such as ``"shop.Order"``; at least one.
        window: seconds in which changes are merged; default 0.2.
        seconds: how old a value gets though no signal came; default 60.
    """

    models: tuple[type[Model] | str, ...]
    window: float
    seconds: float

    def __init__(
        self, *models: type[Model] | str, window: float = 0.2, seconds: float = 60
    ) -> None:
        if not models:
            msg = "OnChange() needs at least one model."
            raise ValueError(msg)
        if not (window > 0 and seconds >= MIN_SECONDS):
            msg = (
                f"OnChange(window={window!r}, seconds={seconds!r}): window must be above 0 and "
                "seconds at least 0.1."
            )
            raise ValueError(msg)
        for name, value in (("models", models), ("window", window), ("seconds", seconds)):
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Source:
    """A live value that is computed, not pushed.

    Args:
        key: the component it belongs to.
        seconds: how often it is computed.
        render: computes and renders it.
        deferred: whether a page is sent without waiting for it.
        window: for a value that is computed on change, the seconds in which changes are merged.
    """

    key: str
    seconds: float
    render: Callable[[], str]
    deferred: bool = False
    window: float | None = None


class Turn(NamedTuple):
    """Sources that are computed together: one lease, one version."""

    name: str
    seconds: float
    sources: Sequence[Source]
    window: float | None = None
    """Where it waits for changes: seconds in which they are merged."""


def lease_of(channel: str, turn: str) -> str:
    """Return the name under which a turn is claimed."""
    return f"{channel} {turn}"


def turn_on_change(key: str) -> str:
    """Return the name of the turn of a value that is computed on change."""
    return f"change {key}"


def turns(sources: Iterable[Source]) -> Sequence[Turn]:
    """Group sources by interval, deferred ones apart; those that wait for changes stay single."""
    groups: dict[tuple[float, bool], list[Source]] = {}
    single: list[Turn] = []
    for source in sources:
        if source.window is not None:
            name = turn_on_change(source.key)
            single.append(Turn(name, source.seconds, [source], source.window))
            continue
        groups.setdefault((source.seconds, source.deferred), []).append(source)
    return single + [
        Turn(f"{seconds:g}{' deferred' if deferred else ''}", seconds, group)
        for (seconds, deferred), group in groups.items()
    ]


def produce(store: BaseStore, channel: str, turn: Turn) -> None:
    """Compute and store a turn's values, unless somebody has claimed it.

    The claim is the lease: it ends by itself, a little before the next turn is due, so a holder
    that dies costs one turn. A value that raises is logged and costs only its own component.
    """
    if not store.claim(lease_of(channel, turn.name), turn.seconds * 0.9):
        return
    frames: dict[str, str] = {}
    for source in turn.sources:
        try:
            frames[source.key] = source.render()
        except Exception:
            logger.exception("The live value of %r on %r failed.", source.key, channel)
    if frames:
        store.put(channel, frames)


def produce_due(store: BaseStore, channel: str, sources: Iterable[Source]) -> None:
    """Do for one reading request what an edge does for its readers: compute what is due."""
    for turn in turns(sources):
        produce(store, channel, turn)
