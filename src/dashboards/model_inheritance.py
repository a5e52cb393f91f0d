"""Finds the models that share rows: a model, its proxies, its parents and its children."""

from collections.abc import Sequence

from django.apps import apps
from django.db.models import Model


def get_models_of_same_rows(model: type[Model]) -> Sequence[type[Model]]:
    """Return the models with which a row of a model may be saved or deleted.

    Django sends ``post_save`` and ``post_delete`` only for the class of the instance. A row of a
    model is also saved by its proxies, by the models that inherit from it with tables of their own
    (multi-table inheritance), and by its parents.

    Args:
        model: the model, or a proxy of it.
    """
    concrete_model = model._meta.concrete_model or model  # noqa: SLF001 - public by custom
    return [
        each
        for each in apps.get_models(include_auto_created=True)
        if (concrete := each._meta.concrete_model)  # noqa: SLF001 - public by custom
        and (issubclass(concrete, concrete_model) or issubclass(concrete_model, concrete))
    ]
