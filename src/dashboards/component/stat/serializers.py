"""Classes that say what of a model a figure counts."""

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
    """Says what a figure counts: give the class as ``value`` or ``defer`` of a ``Stat``.

    ``Meta`` may say:

    * ``model``: whose objects are counted; or override ``get_queryset``;
    * ``annotation``: an aggregate of Django's, such as ``Count``, and ``annotation_field``: the
      field that it is of, through relations with ``__``; or both in one, ``Sum("lines__price")``;
    * ``title``: the heading, where the ``Stat`` has none of its own;
    * ``unit``: what stands after the figure;
    * ``sub_text``: a line below it.

    A ``Meta`` has what those of the classes above have, too. What is counted of no rows may be
    nothing (``Sum`` says ``None``), and is shown as a dash; ``Sum("price", default=0)`` says 0.
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
        """Return one for a request, as calling the class does."""
        return cls(**kwargs)

    @property
    def title(self) -> Any:
        """The heading."""
        return self.get_option("title", "")

    @property
    def unit(self) -> Any:
        """What stands after the figure."""
        return self.get_option("unit", "")

    @cached_property
    def value(self) -> Any:
        """The figure."""
        return self.get_value()

    @property
    def data(self) -> StatData:
        """What a ``Stat`` shows."""
        return StatData(self.value, self.get_option("sub_text", ""), unit=self.unit)

    def get_value(self) -> Any:
        """Return the figure, by one query."""
        return self.aggregate(self._queryset())

    def aggregate(self, queryset: QuerySet[Any]) -> Any:
        """Return what the aggregate says of some objects, by one query.

        Raises:
            ComponentValueError: nothing says what is counted.
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
    """Says what a figure counts up to now, and how that has changed.

    ``Meta`` may say what that of a ``StatSerializer`` may, and:

    * ``date_field_name``: the field of a date or time that says since when an object counts;
    * ``previous_delta``: a ``timedelta``; the figure of that long ago is what it is compared with;
    * ``cumulative``: ``False`` counts only what lies within that time, and compares it with what
      lies within the same time before; by default all up to now counts.

    The change is in percent; where the figure was 0, it is what came since.
    """

    allowed = (*StatSerializer.allowed, "cumulative", "date_field_name", "previous_delta")

    @cached_property
    def now(self) -> datetime:
        """The moment up to which objects count: one for all that is asked."""
        return self.get_date_current()

    @cached_property
    def previous(self) -> Any:
        """What the figure was; ``None`` where that is not known."""
        return self.get_previous()

    @property
    def change(self) -> Any:
        """By how much it has changed, in percent; ``None`` where that says nothing."""
        value, previous = self.value, self.previous
        if value is None or previous is None:
            return None
        try:
            difference, size = value - previous, abs(previous)
        except TypeError:
            return None  # What is counted is no number: a text, or a date.
        if not size:
            return None if difference else 0
        return difference / size * 100

    @property
    def data(self) -> StatData:
        """What a ``Stat`` shows."""
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
        """Return what the figure was, by one query; ``None`` where nothing says when."""
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
    """Return the day of a moment where its reader is."""
    return timezone.localdate(moment) if timezone.is_aware(moment) else moment.date()
