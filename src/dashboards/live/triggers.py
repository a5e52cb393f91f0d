"""When a live value is computed, and the computing of it."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

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


@dataclass(frozen=True, slots=True)
class Source:
    """A live value that is computed, not pushed.

    Args:
        key: the component it belongs to.
        seconds: how often it is computed.
        render: computes and renders it.
        deferred: whether a page is sent without waiting for it.
    """

    key: str
    seconds: float
    render: Callable[[], str]
    deferred: bool = False


class Turn(NamedTuple):
    """Sources that are computed together: one lease, one version."""

    name: str
    seconds: float
    sources: Sequence[Source]


def turns(sources: Iterable[Source]) -> Sequence[Turn]:
    """Group sources by interval, deferred ones apart."""
    groups: dict[tuple[float, bool], list[Source]] = {}
    for source in sources:
        groups.setdefault((source.seconds, source.deferred), []).append(source)
    return [
        Turn(f"{seconds:g}{' deferred' if deferred else ''}", seconds, group)
        for (seconds, deferred), group in groups.items()
    ]


def produce(store: BaseStore, channel: str, turn: Turn) -> None:
    """Compute and store a turn's values, unless somebody has claimed it.

    The claim is the lease: it ends by itself, a little before the next turn is due, so a holder
    that dies costs one turn. A value that raises is logged and costs only its own component.
    """
    if not store.claim(f"{channel} {turn.name}", turn.seconds * 0.9):
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
