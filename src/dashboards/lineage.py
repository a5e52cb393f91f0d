"""Which models share their rows: a model, its proxies, and what it is derived from or to."""

from collections.abc import Sequence

from django.apps import apps
from django.db.models import Model


def get_models_of_same_rows(model: type[Model]) -> Sequence[type[Model]]:
    """Return the models through which a row of a model may be saved or deleted.

    Django sends ``post_save`` and ``post_delete`` for the class of the instance only. A row of a
    model is also saved through its proxies, through a model that is derived from it by multi-table
    inheritance, and through the parents of such a model.

    Args:
        model: the model, a proxy or not.
    """
    its = model._meta.concrete_model or model  # noqa: SLF001 - public by custom
    return [
        each
        for each in apps.get_models(include_auto_created=True)
        if (concrete := each._meta.concrete_model)  # noqa: SLF001 - public by custom
        and (issubclass(concrete, its) or issubclass(its, concrete))
    ]
