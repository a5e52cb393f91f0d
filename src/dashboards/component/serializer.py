"""What the classes that say what a component shows have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model, QuerySet

from dashboards.exceptions import ComponentValueError, DeclarationError


class Serializer:
    """Says in ``Meta``, and in methods, what a component shows."""

    allowed: ClassVar[tuple[str, ...]] = ()
    """What ``Meta`` may say."""

    sources: ClassVar[str] = "Meta.model, get_queryset or get_data"
    """What can say where the data is from, for errors."""

    options: ClassVar[Mapping[str, Any]] = {}
    """What ``Meta`` says, its own and those of the classes above."""

    class Meta:
        """Says nothing yet."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse what ``Meta`` may not say, and inherit what those above say.

        Raises:
            DeclarationError: an attribute that is unknown.
        """
        super().__init_subclass__(**kwargs)
        said = {name: getattr(cls.Meta, name) for name in dir(cls.Meta) if name[0] != "_"}
        unknown = sorted(name for name in said if name not in cls.allowed)
        if unknown:
            msg = (
                f"{cls.__name__}.Meta has no attribute {', '.join(unknown)}; "
                f"allowed are {', '.join(cls.allowed)}."
            )
            raise DeclarationError(msg)
        cls.options = {**cls.options, **said}

    def __init__(self, **kwargs: Any) -> None:
        """Remember for whom it is: what a callable value may ask for."""
        self.kwargs = kwargs

    @classmethod
    def get_option(cls, name: str, default: Any = None) -> Any:
        """Return what ``Meta`` says, or the next above that does."""
        return cls.options.get(name, default)

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:  # noqa: ARG002 - for subclasses
        """Return the objects, where the data is a model's.

        Args:
            *args: nothing, so far.
            **kwargs: ``request``, ``object``, ``user``, ``filters``, ``filterset``, room for more.

        Raises:
            ComponentValueError: nothing says what the data is.
        """
        model: type[Model] | None = self.get_option("model")
        if model is None:
            msg = f"{type(self).__name__} needs {self.sources}."
            raise ComponentValueError(msg)
        return model._default_manager.all()  # noqa: SLF001 - public by custom
