"""Classes that declare what of a model a figure counts."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import DateTimeField, F, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property

from dashboards.component.serializer import Serializer
from dashboards.component.stat.data import StatChange, StatData
from dashboards.component.values import resolve
from dashboards.exceptions import ComponentValueError


class StatSerializer(Serializer):
    """Declares what a figure counts. Use the class as ``value`` or ``defer`` of a ``Stat``.

    Attributes of ``Meta``:

    * ``model``: the model whose objects are counted; or override ``get_queryset``;
    * ``annotation``: an aggregate of Django, such as ``Count``, and ``annotation_field``: its
      field, through relations with ``__``; or both in one, ``Sum("lines__price")``;
    * ``title``: the heading, if the ``Stat`` has none of its own;
    * ``unit``: text after the figure;
    * ``sub_text``: a line below it.

    ``Meta`` inherits the attributes of the base classes' ``Meta``. Without rows ``Sum`` and other
    aggregates return ``None``, which is shown as a dash; ``Sum("price", default=0)`` returns 0.
    """

    allowed: ClassVar[tuple[str, ...]] = (
        "annotation",
        "annotation_field",
        "model",
        "sub_text",
        "title",
        "unit",
    )
    sources = "Meta.model or get_queryset"

    @classmethod
    def serialize(cls, **kwargs: Any) -> "StatSerializer":
        """Return an instance for a request, as calling the class does."""
        return cls(**kwargs)

    @property
    def title(self) -> Any:
        """The heading."""
        return self.get_option("title", "")

    @property
    def unit(self) -> Any:
        """The text after the figure."""
        return self.get_option("unit", "")

    @cached_property
    def value(self) -> Any:
        """The figure."""
        return self.get_value()

    @property
    def data(self) -> StatData:
        """The value for the ``Stat``."""
        return StatData(self.value, self.get_option("sub_text"), unit=self.unit)

    def get_value(self) -> Any:
        """Return the figure, by one query."""
        return self.aggregate(self._queryset())

    def aggregate(self, queryset: QuerySet[Any]) -> Any:
        """Return the result of the aggregate for a queryset, by one query.

        Raises:
            ComponentValueError: ``Meta`` has no aggregate.
        """
        annotation, field = self.get_option("annotation"), self.get_option("annotation_field")
        if isinstance(annotation, type) and field:
            annotation = annotation(field)
        if annotation is None or isinstance(annotation, type):
            msg = (
                f"{type(self).__name__} needs Meta.annotation and Meta.annotation_field, "
                "as in annotation = Count and annotation_field = 'pk'."
            )
            raise ComponentValueError(msg)
        return queryset.aggregate(figure=annotation)["figure"]

    def _queryset(self) -> QuerySet[Any]:
        queryset: QuerySet[Any] = resolve(self.get_queryset, **self.kwargs)
        return queryset


class StatDateChangeSerializer(StatSerializer):
    """Declares what a figure counts up to now, and the time after which its change is measured.

    Attributes of ``Meta`` are those of a ``StatSerializer``, and:

    * ``date_field_name``: a date or datetime field; an object counts from that moment on;
    * ``previous_delta``: a ``timedelta``; the figure is compared with that of this long ago;
    * ``cumulative``: ``False`` counts only objects within ``previous_delta``, and compares them
      with those within the same time before; by default all objects up to now count.

    The change is in percent; if the previous figure was 0, it is the difference.
    """

    allowed = (*StatSerializer.allowed, "cumulative", "date_field_name", "previous_delta")

    @cached_property
    def now(self) -> datetime:
        """The moment up to which objects count, the same for all queries."""
        return self.get_date_current()

    @cached_property
    def previous(self) -> Any:
        """The previous figure; ``None`` if it is unknown."""
        return self.get_previous()

    @property
    def change(self) -> Any:
        """The change in percent; ``None`` if there is none in percent."""
        value, previous = self.value, self.previous
        if value is None or previous is None:
            return None
        try:
            difference, size = value - previous, abs(previous)
        except TypeError:
            return None  # The figure is not a number, but a text or a date.
        if not size:
            return None if difference else 0
        return difference / size * 100

    @property
    def data(self) -> StatData:
        """The value for the ``Stat``."""
        data, period = super().data, self.get_option("previous_delta") or ""
        change = None
        percent = self.change
        if percent is not None:
            decimals = int(percent != round(percent))
            change = StatChange(percent, unit="%", period=period, decimals=decimals)
        elif self.previous == 0 and self.value is not None:
            change = StatChange(self.value, unit=self.unit, period=period)
        return StatData(data.text, data.sub_text, change, unit=data.unit)

    def get_date_current(self) -> datetime:
        """Return the moment up to which objects count; by default now."""
        return timezone.now()

    def get_value(self) -> Any:
        """Return the figure, by one query."""
        return self._aggregate_until(self.now)

    def get_previous(self) -> Any:
        """Return the previous figure, by one query; ``None`` if ``Meta`` has no date or delta."""
        delta: timedelta | None = self.get_option("previous_delta")
        return self._aggregate_until(self.now - delta) if delta and self._date_field else None

    @property
    def _date_field(self) -> str | None:
        name: str | None = self.get_option("date_field_name")
        return name

    def _aggregate_until(self, end: datetime) -> Any:
        queryset, name = self._queryset(), self._date_field
        if name:
            delta: timedelta | None = self.get_option("previous_delta")
            field = F(name).resolve_expression(queryset.query.clone()).output_field
            is_time = isinstance(field, DateTimeField)
            queryset = queryset.filter(**{f"{name}__lte": end if is_time else _day(end)})
            if delta and not self.get_option("cumulative", default=True):
                start = end - delta
                queryset = queryset.filter(**{f"{name}__gt": start if is_time else _day(start)})
        return self.aggregate(queryset)


def _day(moment: datetime) -> date:
    """Return the date of a datetime in the active time zone."""
    return timezone.localdate(moment) if timezone.is_aware(moment) else moment.date()
