"""What a form in the page's address narrows: a whole dashboard, or some of its components."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self, cast

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseForm, ChoiceField, Field, MultiWidget, Select
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property

from dashboards.component.cleaning import as_form

FormMaker = Callable[..., Any]
"""A form class; or what makes something with a ``form`` of the data, as a FilterSet does."""


class Filters:
    """A filter form, as one request fills it in, or none.

    A filter that is not given, or given wrongly, has its field's initial value. Where the form as
    a whole is wrong (an end before its beginning), none of it counts as given. A list without an
    initial value begins with its first choice, as browsers show it.

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
        blank = self._blank
        return any(_is_named(blank, name, self._data) for name in blank.fields)

    @cached_property
    def form(self) -> BaseForm:
        """The form to be shown, with its errors where something was given."""
        return as_form(self._make(self._filled)) if self._is_given else self._blank

    @property
    def _filled(self) -> QueryDict:
        """What the query string says, and the initial value of each field that it does not name."""
        blank, data = self._blank, self._data.copy()
        for name, field in blank.fields.items():
            if not _is_named(blank, name, data):
                _fill(data, blank.add_prefix(name), field, _initial(blank, name))
        return data

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
        made = self._make(self._filled)
        form = as_form(made)
        form.full_clean()
        # What it filters by. What is given wrongly is not in its own.
        form.cleaned_data = dict(self.values)
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
        own = {blank.add_prefix(name) for name in blank.fields}
        own |= {
            f"{blank.add_prefix(name)}{suffix}"
            for name, field in blank.fields.items()
            if isinstance(field.widget, MultiWidget)
            for suffix in _suffixes(field.widget)
        }
        return frozenset(own)

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


def _suffixes(widget: MultiWidget) -> Sequence[str]:
    # By suffixes of its own a range of django-filter tells its ends: _after, _before.
    if own := getattr(widget, "suffixes", None):
        return [f"_{each}" if each else "" for each in own]
    return cast("Sequence[str]", vars(widget)["widgets_names"])


def _is_named(form: BaseForm, name: str, data: QueryDict) -> bool:
    # Not value_omitted_from_data: a checkbox that is not ticked is never omitted.
    prefixed, widget = form.add_prefix(name), form.fields[name].widget
    if isinstance(widget, MultiWidget):
        return any(f"{prefixed}{suffix}" in data for suffix in _suffixes(widget))
    return prefixed in data


def _initial(form: BaseForm, name: str) -> Any:
    field = form.fields[name]
    initial = form.get_initial_for_field(field, name)
    # Only a list: of radio buttons none is chosen.
    if initial is None and isinstance(field, ChoiceField) and type(field.widget) is Select:
        first = next(iter(field.widget.options(name, [])), None)
        return first and first["value"]
    return initial


def _fill(data: QueryDict, name: str, field: Field, initial: Any) -> None:
    if initial is None:
        return
    value = field.prepare_value(initial)
    if isinstance(field.widget, MultiWidget):
        parts = zip(_suffixes(field.widget), field.widget.decompress(value) or (), strict=False)
        for suffix, part in parts:
            data[f"{name}{suffix}"] = "" if part is None else str(part)
    elif value is not False:  # a box that is not ticked
        shown = field.widget.format_value(value)
        every = shown if isinstance(shown, list | tuple) else [value if shown is None else shown]
        data.setlist(name, [str(each) for each in every])


def _clean(field: Field, initial: Any) -> Any:
    try:
        return field.clean(field.prepare_value(initial))
    except (ValidationError, TypeError, ValueError, AttributeError):
        return initial  # A required field without one, say.


def _comparable(value: Any) -> Any:
    """Return what can be compared: a queryset is never equal to another."""
    return list(value) if hasattr(value, "_result_cache") else value
