"""Leases: which process may compute a group of values now, if it is due."""

from hashlib import sha256
from typing import NamedTuple

from dashboards.live.compute.groups import ComputeGroup
from dashboards.live.stores.base import BaseStore


class Lease(NamedTuple):
    """The right of this process to compute a group, for some seconds."""

    name: str
    holder: str
    input_version: str
    """The positions of the group's topics before it is computed."""


def acquire_lease(store: BaseStore, channel: str, group: ComputeGroup) -> Lease | None:
    """Return a lease of a group; ``None`` if it is not due or another process computes it."""
    # As bounded as a channel's name is.
    name = f"group:{sha256(f'{channel} {group.name}'.encode()).hexdigest()}"
    # Read before anything is computed: a change during the computing makes the group due again.
    heads = dict(store.heads(group.topics)) if group.topics else {}
    for topic in group.topics:
        if topic not in heads:
            # Other processes see by the topic's existence that a component waits for it.
            heads[topic] = store.put(topic, {})
    input_version = group.get_input_version(heads)
    holder = store.acquire_lease(name, group.lease_seconds, input_version)
    return Lease(name, holder, input_version) if holder else None
