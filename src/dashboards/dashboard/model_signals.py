"""Signals of models: ``OnChange`` values and access to objects depend on them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import Any

from django.apps import apps
from django.db import DatabaseError
from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from dashboards.exceptions import StoreUnavailableError
from dashboards.live.access.revocations import revocations
from dashboards.live.access.subjects import object_subjects
from dashboards.live.commits import on_commit
from dashboards.live.compute.triggers import topic_of
from dashboards.live.stores import get_store
from dashboards.model_inheritance import get_models_of_same_rows

_connected: set[str] = set()
"""The labels of the models whose changes this process writes to the store."""


def connect_model(label: str) -> None:
    """Have each commit that changed objects of a model put the model's topic into the store.

    Calling it again for the same model has no effect.

    Args:
        label: the model's label, in lower case.

    Raises:
        LookupError: there is no such model.
    """
    if label in _connected:
        return
    models = get_models_of_same_rows(apps.get_model(label))
    _connected.add(label)

    # Not a partial: if it raises, Django logs the function by its name.
    def put_topic() -> None:
        _put_topic(label)

    def changed(using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
        # Robust, because saving an object must not fail if the store does.
        on_commit(put_topic, using, robust=True)

    for model in models:
        for signal in (post_save, post_delete):
            # A strong reference, because the function is not stored anywhere else.
            signal.connect(changed, sender=model, weak=False)


def _put_topic(label: str) -> None:
    store = get_store()
    # Saving must not wait for a store that hangs. Without the topic the values are still computed
    # again, after the seconds that OnChange declares.
    with suppress(StoreUnavailableError):
        store.reach(lambda: store.put(topic_of(label), {}))


@cache
def connect_awaited_models() -> None:
    """Have each commit put the topics of models that it saved, if another process waits for them.

    Only a process that has created an instance knows the models of components which that instance
    added. The process that computes their values puts the topics into the store, where the others
    find them.

    Deletions are not covered: a receiver of ``post_delete`` for all models would make Django load
    every object before it is deleted, in the whole project.
    """

    def changed(sender: type[Model], using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
        labels = [each for each in _get_labels(sender) if each not in _connected]

        def put_awaited_topics() -> None:
            store, topics = get_store(), {topic_of(each): each for each in labels}
            # The tables are missing in a database that is not migrated yet.
            with suppress(StoreUnavailableError, DatabaseError):
                for topic in store.reach(lambda: store.heads(tuple(topics))):
                    connect_model(topics[topic])
                    _put_topic(topics[topic])

        if labels:
            on_commit(put_awaited_topics, using, robust=True)

    post_save.connect(changed, weak=False)


@cache
def _get_labels(model: type[Model]) -> Sequence[str]:
    """Return the labels of the models whose objects change with one of this model's."""
    meta = model._meta  # noqa: SLF001 - public by custom
    if meta.apps is not apps:
        return ()  # A model of a migration, in an earlier state.
    return [each._meta.label_lower for each in get_models_of_same_rows(model)]  # noqa: SLF001


def check_access_on_change(model: type[Model], is_needed: Callable[[], bool]) -> None:
    """Check the access of an object's streams again after the object was saved or deleted.

    Changes within ``MERGE_SECONDS`` are merged: an object may be saved ten times a second.

    Args:
        model: the model of the objects.
        is_needed: returns True if access may depend on the object.
    """

    def changed(
        instance: Model,
        using: str | None = None,
        created: bool = False,  # noqa: FBT001, FBT002 - a receiver
        **kwargs: Any,  # noqa: ARG001 - a receiver
    ) -> None:
        if not created and is_needed():
            # Read now: a deleted object has no primary key after the commit.
            keys = object_subjects(instance)
            on_commit(partial(revocations.revoke_soon, keys), using, robust=True)

    for each in get_models_of_same_rows(model):
        for signal in (post_save, post_delete):
            signal.connect(changed, sender=each, weak=False)
