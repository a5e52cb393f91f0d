"""The common base of serializers: classes that declare the data of a component."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import Model, QuerySet

from dashboards.compat import SERIALIZER_NAMES, explain_names
from dashboards.exceptions import ComponentValueError, DeclarationError


class Serializer:
    """Declares in ``Meta``, and in methods, the data that a component shows."""

    allowed: ClassVar[tuple[str, ...]] = ()
    """The names that ``Meta`` may have."""

    sources: ClassVar[str] = "Meta.model, get_queryset or get_data"
    """The ways to declare the data, for errors."""

    options: ClassVar[Mapping[str, Any]] = {}
    """The values of ``Meta``, of the class itself and of its bases."""

    class Meta:
        """Declares nothing."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the names in ``Meta``, and inherit those of the bases.

        Raises:
            DeclarationError: ``Meta`` has an unknown attribute.
        """
        super().__init_subclass__(**kwargs)
        declared = {name: getattr(cls.Meta, name) for name in dir(cls.Meta) if name[0] != "_"}
        unknown = sorted(name for name in declared if name not in cls.allowed)
        if unknown:
            msg = (
                f"{cls.__name__}.Meta has no attribute {', '.join(unknown)}; "
                f"allowed are {', '.join(cls.allowed)}.{explain_names(unknown, SERIALIZER_NAMES)}"
            )
            raise DeclarationError(msg)
        cls.options = {**cls.options, **declared}

    def __init__(self, **kwargs: Any) -> None:
        """Keep the arguments that a callable value may name."""
        self.kwargs = kwargs

    @classmethod
    def get_option(cls, name: str, default: Any = None) -> Any:
        """Return a value of ``Meta``, of the class itself or of its nearest base that has it."""
        return cls.options.get(name, default)

    @classmethod
    def get_heading(cls) -> Any:
        """Return the heading of a component without a ``title``; ``None`` for that of its key."""
        return cls.get_option("title")

    def get_queryset(self, *args: Any, **kwargs: Any) -> QuerySet[Any]:  # noqa: ARG002 - for subclasses
        """Return the objects, if the data is that of a model.

        Args:
            *args: none at present.
            **kwargs: ``request``, ``object``, ``user``, ``filters``, ``filterset``; there may be
                more in future versions.

        Raises:
            ComponentValueError: the class does not declare its data.
        """
        model: type[Model] | None = self.get_option("model")
        if model is None:
            msg = f"{type(self).__name__} needs {self.sources}."
            raise ComponentValueError(msg)
        return model._default_manager.all()  # noqa: SLF001 - public by custom


def take_heading(component: Any) -> None:
    """Give a component that is declared without a title the title of its serializer.

    Args:
        component: the component, whose ``value`` or ``defer`` may be a serializer.
    """
    for source in (component.value, component.defer):
        if component.title is None and isinstance(source, type) and issubclass(source, Serializer):
            component.title = source.get_heading()
