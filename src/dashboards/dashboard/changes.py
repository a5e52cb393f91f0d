"""The news that ``OnChange`` values wait for: a model's objects have changed."""

from contextlib import suppress
from functools import cache
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models.signals import post_delete, post_save

from dashboards.exceptions import StoreUnavailableError
from dashboards.live.stores import get_store
from dashboards.live.triggers import topic_of


@cache
def announce_changes(label: str) -> None:
    """Have each commit that changed objects of a model tell so; once a model and process.

    Args:
        label: the model's, in lower case.
    """
    model, topic = apps.get_model(label), topic_of(label)

    def announce() -> None:
        store = get_store()
        # Who saves does not wait for a store that hangs. The values are computed anew all the same,
        # only later: after the seconds that OnChange says.
        with suppress(StoreUnavailableError):
            store.reach(lambda: store.put(topic, {}))

    def changed(using: str | None = None, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
        # Robust: whoever saved is not to blame for a store that does not answer.
        transaction.on_commit(announce, using=using, robust=True)

    for signal in (post_save, post_delete):
        # Strong, for nothing else holds the function.
        signal.connect(changed, sender=model, weak=False)
