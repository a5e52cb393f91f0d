"""The values of a filter form, which is kept in the page's query string.

It filters a whole dashboard (``Meta.filter_form``), or the dependents of a ``Form`` component.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, Self, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import (
    BaseForm,
    CheckboxInput,
    ChoiceField,
    Field,
    MultiWidget,
    Select,
    SelectDateWidget,
    Textarea,
    Widget,
)
from django.forms.widgets import Input
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property

from dashboards.component.cleaning import as_form

SENT = "dashboards-sent"
"""The hidden field with the names of those fields for which a browser may send nothing."""

FormMaker = Callable[..., Any]
"""A form class, or a class whose objects have a ``form``, such as a ``FilterSet``."""


class Filters:
    """A filter form, filled in by the query string of one request.

    A filter that is missing or invalid has its field's initial value. If the form as a whole is
    invalid (an end before its start), all of its values are ignored. A select without an initial
    value has its first choice, as browsers show it.

    Browsers send nothing for a checkbox that is not checked. So the form names it in a hidden
    field ``dashboards-sent``: then nothing means "not checked", instead of "missing".
    A field that is sent as the untouched form would send it has its initial value, which may be
    ``None``.

    Args:
        make: the form's class.
        request: the request; ``None`` for the form's initial values.
    """

    def __init__(self, make: FormMaker, request: HttpRequest | None) -> None:
        self._make = make
        self._data = QueryDict() if request is None else request.GET

    @cached_property
    def _unbound(self) -> Any:
        return self._make(None)

    @cached_property
    def _blank(self) -> BaseForm:
        return as_form(self._unbound)

    @cached_property
    def _is_given(self) -> bool:
        """True if the query string contains any of its fields."""
        return any(name in self._data for name in self._names)

    @cached_property
    def form(self) -> BaseForm:
        """The form to render, with errors if it was filled in."""
        return as_form(self._bind()) if self._is_given else self._blank

    def _bind(self) -> Any:
        """Make the form with the data of the query string, and clean it.

        A field that the query string does not contain has its initial value.
        """
        blank, data = self._blank, self._data.copy()
        sent = data.getlist(blank.add_prefix(SENT))
        untouched = []
        for name, field in blank.fields.items():
            usual = _as_sent(blank.add_prefix(name), field, _initial(blank, name))
            if not usual and not any(each in data for each in _names_of(blank, name)):
                untouched.append(name)
            elif name not in sent:
                for each in usual.keys() - data.keys():
                    data.setlist(each, usual.getlist(each))
        made = self._make(data)
        form = as_form(made)
        with _untouched(form, untouched):
            _ = form.errors
        return made

    @cached_property
    def sent(self) -> list[tuple[str, str]]:
        """Names and values of the hidden fields for those fields that browsers may not send."""
        form = self._blank
        marker = form.add_prefix(SENT)
        return [
            (marker, name)
            for name, field in form.fields.items()
            if _may_send_nothing(field.widget) and not field.disabled
        ]

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values of an untouched form, by field."""
        blank = self._blank
        return {name: _clean(field, _initial(blank, name)) for name, field in blank.fields.items()}

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The values of the filters, by field."""
        if not self._is_given or NON_FIELD_ERRORS in self.form.errors:
            return self.defaults
        cleaned = {
            name: value for name, value in self.form.cleaned_data.items() if name in self.defaults
        }
        return {**self.defaults, **cleaned}

    @cached_property
    def _filterset(self) -> Any:
        if isinstance(self._unbound, BaseForm):
            return None
        made = self._bind()
        # It filters by these values: in its own the fields with invalid input are missing.
        as_form(made).cleaned_data = dict(self.values)
        return made

    def get_filterset(self) -> Any:
        """Return a ``FilterSet`` that filters by ``values``; ``None`` if the class is a form.

        Each call returns a copy: a ``FilterSet`` keeps its ``qs`` with the rows that it has read.
        """
        return copy(self._filterset)

    @cached_property
    def is_active(self) -> bool:
        """True if a value differs from that of the untouched form."""
        if not self._is_given:
            return False
        values, defaults = self.values, self.defaults
        return any(_comparable(values[name]) != _comparable(defaults[name]) for name in defaults)

    def read(self) -> Self:
        """Make and clean the form now, and return these filters.

        Raises:
            Exception: any exception of the form. Without this call it would be raised later,
                where the filters are used.
        """
        _ = self.values, self.is_active
        return self

    @cached_property
    def _names(self) -> frozenset[str]:
        blank = self._blank
        return frozenset(
            (
                blank.add_prefix(SENT),
                *(each for name in blank.fields for each in _names_of(blank, name)),
            )
        )

    def is_own(self, name: str) -> bool:
        """Return True if a parameter of the query string belongs to the form."""
        return name in self._names

    def get_others(self, params: QueryDict) -> list[tuple[str, str]]:
        """Return the parameters that do not belong to the form: it keeps them in hidden fields."""
        return [
            (name, value)
            for name, values in params.lists()
            if not self.is_own(name)
            for value in values
        ]


def _suffixes(widget: Widget) -> Sequence[str]:
    """Return the suffixes of the names of a widget's parts; none for a widget without parts."""
    if isinstance(widget, SelectDateWidget):
        return [widget.year_field % "", widget.month_field % "", widget.day_field % ""]
    if not isinstance(widget, MultiWidget):
        return ()
    # The range widgets of django-filter have suffixes of their own, such as _after and _before.
    if own := getattr(widget, "suffixes", None):
        return [f"_{each}" if each else "" for each in own]
    return cast("Sequence[str]", vars(widget)["widgets_names"])


def _names_of(form: BaseForm, name: str) -> Sequence[str]:
    """Return the names under which a field may be sent: its own, and those of its parts."""
    prefixed = form.add_prefix(name)
    return [prefixed, *(f"{prefixed}{each}" for each in _suffixes(form.fields[name].widget))]


def _may_send_nothing(widget: Widget) -> bool:
    # A widget of another library may send nothing, as far as is known here.
    if isinstance(widget, MultiWidget):
        return any(_may_send_nothing(each) for each in widget.widgets)
    if isinstance(widget, Select):
        return widget.allow_multiple_selected
    return isinstance(widget, CheckboxInput) or not isinstance(
        widget, Input | Textarea | SelectDateWidget
    )


@contextmanager
def _untouched(form: BaseForm, names: Sequence[str]) -> Iterator[None]:
    """Clean these fields from their initial values, as Django cleans disabled fields.

    Their widgets would return a value for missing data: a checkbox returns ``False``, also for a
    field whose initial value is ``None``.
    """
    for name in names:
        form.fields[name].disabled = True
    try:
        yield
    finally:
        for name in names:
            form.fields[name].disabled = False


def _initial(form: BaseForm, name: str) -> Any:
    field = form.fields[name]
    initial = form.get_initial_for_field(field, name)
    # Only for a select: of radio buttons browsers choose none.
    if initial is None and isinstance(field, ChoiceField) and type(field.widget) is Select:
        first = next(iter(field.widget.options(name, [])), None)
        return first and first["value"]
    return initial


def _as_sent(name: str, field: Field, initial: Any) -> QueryDict:
    """Return what a browser sends for an untouched field."""
    sent = QueryDict(mutable=True)
    if initial is None:
        return sent
    value, widget = field.prepare_value(initial), field.widget
    if isinstance(widget, MultiWidget):
        for suffix, part, each in zip(
            _suffixes(widget), widget.decompress(value) or (), widget.widgets, strict=False
        ):
            if part is not False or not isinstance(each, CheckboxInput):
                sent[f"{name}{suffix}"] = "" if part is None else str(part)
    elif isinstance(widget, SelectDateWidget):
        date = widget.format_value(value) or {}
        for suffix, part in zip(_suffixes(widget), ("year", "month", "day"), strict=True):
            sent[f"{name}{suffix}"] = str(date.get(part) or "")
    elif value is not False:  # a checkbox that is not checked
        shown = widget.format_value(value)
        every = shown if isinstance(shown, list | tuple) else [value if shown is None else shown]
        if every:
            sent.setlist(name, [str(each) for each in every])
    return sent


def _clean(field: Field, initial: Any) -> Any:
    try:
        return field.clean(field.prepare_value(initial))
    except (ValidationError, TypeError, ValueError, AttributeError):
        return initial  # For example for a required field without an initial value.


def _comparable(value: Any) -> Any:
    """Return a value to compare; of a queryset a list, because querysets are never equal."""
    return list(value) if hasattr(value, "_result_cache") else value
