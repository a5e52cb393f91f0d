"""The news that ``OnChange`` values wait for: a model's objects have changed."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any

from django.apps import apps
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from dashboards.exceptions import StoreUnavailableError
from dashboards.lineage import get_models_of_same_rows
from dashboards.live.access.revocations import revocations
from dashboards.live.access.subjects import object_subjects
from dashboards.live.compute.triggers import topic_of
from dashboards.live.stores import get_store

_announced: set[str] = set()
"""Labels of the models whose changes this process tells of."""


def connect_model(label: str) -> None:
    """Have each commit that changed objects of a model tell so; once a model and process.

    Args:
        label: the model's, in lower case.
    """
    if label in _announced:
        return
    _announced.add(label)

    # Not a partial: Django names the function in its log where it raises.
    def announce() -> None:
        _tell(label)

    def changed(using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
        # Robust: whoever saved is not to blame for a store that does not answer.
        transaction.on_commit(announce, using=using, robust=True)

    for model in get_models_of_same_rows(apps.get_model(label)):
        for signal in (post_save, post_delete):
            # Strong, for nothing else holds the function.
            signal.connect(changed, sender=model, weak=False)


def _tell(label: str) -> None:
    store = get_store()
    # Who saves does not wait for a store that hangs. The values are computed anew all the same,
    # only later: after the seconds that OnChange says.
    with suppress(StoreUnavailableError):
        store.reach(lambda: store.put(topic_of(label), {}))


@cache
def connect_awaited_models() -> None:
    """Have each commit tell that it saved what somebody awaits elsewhere; once a process.

    Deletions are not heard: while anybody listens to those of all models, Django reads every object
    before it deletes it, in the whole project.

    What a component awaits that instances add is known only to processes that have made one. Who
    computes its value puts the topic into the store, and every other process finds it there.
    """

    def changed(sender: type[Model], using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
        labels = [each for each in _get_labels(sender) if each not in _announced]

        def look() -> None:
            store, topics = get_store(), {topic_of(each): each for each in labels}
            # A database that is not migrated yet has no topics.
            with suppress(StoreUnavailableError, DatabaseError):
                for topic in store.reach(lambda: store.heads(tuple(topics))):
                    connect_model(topics[topic])
                    _tell(topics[topic])

        if labels:
            transaction.on_commit(look, using=using, robust=True)

    post_save.connect(changed, weak=False)


@cache
def _get_labels(model: type[Model]) -> Sequence[str]:
    """Return the labels of the models whose objects change with one of this model's."""
    meta = model._meta  # noqa: SLF001 - public by custom
    if meta.apps is not apps:
        return ()  # Of a migration: as the model once was.
    return [each._meta.label_lower for each in get_models_of_same_rows(model)]  # noqa: SLF001


def ask_anew_on_change(model: type[Model], is_needed: Callable[[], bool]) -> None:
    """Have streams about an object checked for access anew after it was saved or deleted.

    Changes within ``MERGE_SECONDS`` are put together: an object may be saved ten times a second.

    Args:
        model: the model of the objects.
        is_needed: returns True if it may depend on the object who is let in.
    """

    def changed(
        instance: Model,
        using: str | None = None,
        created: bool = False,  # noqa: FBT001, FBT002 - a receiver
        **kwargs: Any,  # noqa: ARG001 - a receiver
    ) -> None:
        if not created and is_needed():
            # Now, for a deleted object has no primary key afterwards.
            keys = object_subjects(instance)
            transaction.on_commit(partial(revocations.revoke_soon, keys), using=using, robust=True)

    for each in get_models_of_same_rows(model):
        for signal in (post_save, post_delete):
            signal.connect(changed, sender=each, weak=False)
