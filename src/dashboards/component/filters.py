"""What a form in the page's address narrows: a whole dashboard, or some of its components."""

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
"""The hidden field that names those fields of a form of which browsers may send nothing."""

FormMaker = Callable[..., Any]
"""A form class; or what makes something with a ``form`` of the data, as a FilterSet does."""


class Filters:
    """A filter form, as one request fills it in, or none.

    A filter that is not given, or given wrongly, has its field's initial value. Where the form as
    a whole is wrong (an end before its beginning), none of it counts as given. A list without an
    initial value begins with its first choice, as browsers show it.

    Of a box that is not ticked, browsers send nothing. So the form says beside it, in a hidden
    field ``dashboards-sent``, that it was there: then nothing means not ticked, not "not given".
    What is sent as the untouched form sends it has its initial value, which may be ``None``.

    Args:
        make: the form's class.
        request: the request whose query string fills it in.
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
        """Whether the query string names any of its fields."""
        return any(name in self._data for name in self._names)

    @cached_property
    def form(self) -> BaseForm:
        """The form to be shown, with its errors where something was given."""
        return as_form(self._bind()) if self._is_given else self._blank

    def _bind(self) -> Any:
        """Make it of what the query string says, and clean that.

        A field that the query string does not name has its initial value.
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
        """The hidden fields that say which fields the form has though nothing is sent of them."""
        form = self._blank
        marker = form.add_prefix(SENT)
        return [
            (marker, name)
            for name, field in form.fields.items()
            if _may_send_nothing(field.widget) and not field.disabled
        ]

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The value of each filter where nothing is given."""
        blank = self._blank
        return {name: _clean(field, _initial(blank, name)) for name, field in blank.fields.items()}

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The value of each filter."""
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
        # What it filters by. What is given wrongly is not in its own.
        as_form(made).cleaned_data = dict(self.values)
        return made

    def get_filterset(self) -> Any:
        """Return the ``FilterSet``, filtering by ``values``; ``None`` where it is only a form.

        A new one each time: it keeps its ``qs``, and that the rows that it has read.
        """
        return copy(self._filterset)

    @cached_property
    def is_active(self) -> bool:
        """Whether anything is asked for but what everybody sees."""
        if not self._is_given:
            return False
        given, usual = self.values, self.defaults
        return any(_comparable(given[name]) != _comparable(usual[name]) for name in usual)

    def read(self) -> Self:
        """Make and clean the form now; return the filters.

        Raises:
            Exception: whatever the form raises, which would else come where the filters are used.
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
        """Return True if a name in a query string is one of the form's."""
        return name in self._names

    def get_others(self, params: QueryDict) -> list[tuple[str, str]]:
        """Return those parameters that are not the form's, which it carries along."""
        return [
            (name, value)
            for name, values in params.lists()
            if not self.is_own(name)
            for value in values
        ]


def _suffixes(widget: Widget) -> Sequence[str]:
    """Return what a widget of several parts adds to its name for each; nothing for any other."""
    if isinstance(widget, SelectDateWidget):
        return [widget.year_field % "", widget.month_field % "", widget.day_field % ""]
    if not isinstance(widget, MultiWidget):
        return ()
    # By suffixes of its own a range of django-filter tells its ends: _after, _before.
    if own := getattr(widget, "suffixes", None):
        return [f"_{each}" if each else "" for each in own]
    return cast("Sequence[str]", vars(widget)["widgets_names"])


def _names_of(form: BaseForm, name: str) -> Sequence[str]:
    """Return the names by which a field may be sent: its own, and those of its parts."""
    prefixed = form.add_prefix(name)
    return [prefixed, *(f"{prefixed}{each}" for each in _suffixes(form.fields[name].widget))]


def _may_send_nothing(widget: Widget) -> bool:
    # Of a widget that Django does not have nothing is known, so it may.
    if isinstance(widget, MultiWidget):
        return any(_may_send_nothing(each) for each in widget.widgets)
    if isinstance(widget, Select):
        return widget.allow_multiple_selected
    return isinstance(widget, CheckboxInput) or not isinstance(
        widget, Input | Textarea | SelectDateWidget
    )


@contextmanager
def _untouched(form: BaseForm, names: Sequence[str]) -> Iterator[None]:
    """Have fields cleaned as those that nobody can fill in: from their initial values.

    Their widgets would make something of nothing: a checkbox makes ``False``, where a field that
    also knows ``None`` begins with that.
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
    # Only a list: of radio buttons none is chosen.
    if initial is None and isinstance(field, ChoiceField) and type(field.widget) is Select:
        first = next(iter(field.widget.options(name, [])), None)
        return first and first["value"]
    return initial


def _as_sent(name: str, field: Field, initial: Any) -> QueryDict:
    """Return what browsers send of a field that nobody has touched."""
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
    elif value is not False:  # a box that is not ticked
        shown = widget.format_value(value)
        every = shown if isinstance(shown, list | tuple) else [value if shown is None else shown]
        if every:
            sent.setlist(name, [str(each) for each in every])
    return sent


def _clean(field: Field, initial: Any) -> Any:
    try:
        return field.clean(field.prepare_value(initial))
    except (ValidationError, TypeError, ValueError, AttributeError):
        return initial  # A required field without one, say.


def _comparable(value: Any) -> Any:
    """Return what can be compared: a queryset is never equal to another."""
    return list(value) if hasattr(value, "_result_cache") else value
