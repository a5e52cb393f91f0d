"""A class that makes a figure from data."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dashboards.component.chart import dataframe
from dashboards.component.serializer import Serializer
from dashboards.component.values import resolve
from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.texts import StrOrPromise


class ChartSerializer(Serializer):
    """Makes a figure from data. Use the class as ``value`` or ``defer`` of a ``Chart`` or ``Map``.

    Override ``to_fig``. Attributes of ``Meta``:

    * ``model``: the model whose objects are the data; or override ``get_queryset`` or
      ``get_data``.
    * ``fields``: the names of the columns, through relations with ``__``; by default all fields.
    * ``frame``: ``"pandas"`` or ``"polars"``; by default the one that is installed.
    * ``title``: the heading, if the component has none of its own; else above the plot. Without
      ``title``, ``verbose_name`` or ``name`` is used, as in older classes.
    * ``width``, ``height``: of the chart, in pixels.
    * ``layout``: any other attributes of Plotly's layout, which replace those of the figure. Also
      as ``layout`` of the class itself.

    Without data, ``to_fig`` is not called, and the chart shows "No data".
    """

    layout: ClassVar[Mapping[str, Any] | None] = None

    is_headed: bool = False
    """True if the title is the heading of the box, and not repeated above the plot."""

    allowed = (
        "fields",
        "frame",
        "height",
        "layout",
        "model",
        "name",
        "title",
        "verbose_name",
        "width",
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check ``Meta``.

        Raises:
            DeclarationError: an unknown attribute, or an unknown library for data frames.
        """
        super().__init_subclass__(**kwargs)
        frame = cls.get_option("frame")
        if frame is not None and frame not in dataframe.LIBRARIES:
            msg = (
                f"{cls.__name__}.Meta.frame must be one of "
                f"{', '.join(map(repr, dataframe.LIBRARIES))}, got {frame!r}."
            )
            raise DeclarationError(msg)
        fields = cls.get_option("fields")
        if isinstance(fields, str):
            msg = f"{cls.__name__}.Meta.fields must be a list of names, got {fields!r}."
            raise DeclarationError(msg)

    @classmethod
    def get_title(cls) -> StrOrPromise | None:
        """Return the title; ``None`` if there is none, and the figure keeps its own."""
        titles = (cls.get_option(name) for name in ("title", "verbose_name", "name"))
        return next((each for each in titles if each is not None), None)

    @classmethod
    def get_heading(cls) -> StrOrPromise | None:
        """Return the title; ``None`` if it is empty, which takes that of the figure away."""
        title = cls.get_title()
        # A lazy title is not read before the apps are loaded.
        return None if isinstance(title, str) and not title else title

    @classmethod
    def serialize(cls, **kwargs: Any) -> Any:
        """Return the figure for a request; ``None`` if there is no data."""
        return cls(**kwargs).figure()

    def get_fields(self) -> Sequence[str] | None:
        """Return the names of the columns; ``None`` for all fields of the model."""
        fields: Sequence[str] | None = self.get_option("fields")
        return fields

    def get_data(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the data: by default a data frame of the queryset, by one query.

        Args:
            *args: unused; for later versions.
            **kwargs: the arguments of ``get_queryset``.

        Raises:
            ComponentValueError: neither pandas nor polars is installed.
        """
        queryset = resolve(self.get_queryset, **kwargs)
        fields = self.get_fields()
        rows = list(queryset.values(*fields) if fields else queryset.values())
        columns = list(fields or (rows[0] if rows else ()))
        return self.convert_to_df([[row[name] for name in columns] for row in rows], columns)

    def convert_to_df(self, data: Any, columns: Sequence[str]) -> Any:
        """Return rows as a data frame of the library that ``Meta.frame`` names.

        Raises:
            ComponentValueError: the library is not installed.
        """
        try:
            return dataframe.make(data, columns, self.get_option("frame"))
        except ComponentValueError as error:
            msg = f"{type(self).__name__} {error}."
            raise ComponentValueError(msg) from error

    def to_fig(self, df: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return the figure for data: a Plotly figure, or a dict of one.

        Args:
            df: the result of ``get_data``; never empty.

        Raises:
            ComponentValueError: the subclass does not override this method.
        """
        msg = f"{type(self).__name__} needs to_fig(self, df), which returns a Plotly figure."
        raise ComponentValueError(msg)

    def figure(self) -> Any:
        """Return the figure with the layout of ``Meta``; ``None`` if there is no data."""
        data = resolve(self.get_data, **self.kwargs)
        return None if dataframe.is_empty(data) else self.apply_layout(self.to_fig(data))

    def apply_layout(self, fig: Any) -> Any:
        """Return the figure; the layout of the class and of ``Meta`` replaces its own."""
        layout = {**(self.layout or {}), **(self.get_option("layout") or {})}
        title = self.get_title()
        if title is not None:
            layout.setdefault("title", "" if self.is_headed else str(title))
        for name in ("width", "height"):
            if (value := self.get_option(name)) is not None:
                layout.setdefault(name, value)
        if not layout or fig is None:
            return fig
        # Optional, and slow to import: only a process that renders a figure needs it.
        from plotly.graph_objects import Figure  # noqa: PLC0415

        figure = fig if hasattr(fig, "update_layout") else Figure(fig)
        return figure.update_layout(**layout)
