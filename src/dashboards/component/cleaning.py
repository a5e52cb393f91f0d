"""Guards form fields, so that invalid input raises only ``ValidationError``.

Fields of Django, of libraries and of projects convert text to values. Some raise other exceptions
for unexpected input: ``OverflowError`` for a number that is too large for the database,
``RecursionError`` for deeply nested JSON, ``DataError`` for a NUL. All input that users send to
forms passes this module, which turns each of these into an error of the field.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, DataError, connections, transaction
from django.forms import BaseForm, Field, JSONField
from django.forms.fields import InvalidJSONInput
from django.utils import timezone
from django.utils.translation import gettext

logger = logging.getLogger("dashboards")

BAD_INPUT = (ValueError, TypeError, ArithmeticError, RecursionError, LookupError, DataError)
"""The exceptions for unexpected input. ``UnicodeError`` is a ``ValueError``."""

MAX_DEPTH = 100
"""The allowed depth of lists and dicts in JSON that a user sends."""


def as_form(made: Any) -> BaseForm:
    """Return a form with each of its fields guarded.

    Args:
        made: a form, or an object with an attribute ``form``, such as a ``FilterSet`` of
            django-filter.
    """
    form: BaseForm = made if isinstance(made, BaseForm) else made.form
    for name, field in form.fields.items():
        # Each form has copies of its class's fields, so these may be changed.
        if not isinstance(field.clean, _Clean):
            vars(field)["clean"] = _Clean(field, f"{type(form).__name__}.{name}")
            if isinstance(field, JSONField):
                vars(field)["bound_data"] = partial(_read_back, field)
    return form


def refusing_bad_database_input(label: str) -> AbstractContextManager[None]:
    """Turn what a database raises for a value into a ``ValidationError``.

    For code of projects, whose other exceptions are errors to report.
    """
    return refusing_bad_input(label, DEFAULT_DB_ALIAS, (DataError, OverflowError))


@contextmanager
def refusing_bad_input(
    label: str, alias: str | None = None, errors: tuple[type[Exception], ...] = BAD_INPUT
) -> Iterator[None]:
    """Turn exceptions for unexpected input into a ``ValidationError``.

    Args:
        label: the name of the field or method that reads the input, for the log.
        alias: the database that may be queried. Within a transaction of PostgreSQL a savepoint
            is used: after a failed query all later ones would fail as well.
        errors: the exceptions.
    """
    try:
        with _savepoint(alias):
            yield
    except errors as error:
        extra = {"event": "input_refused", "field": label}
        logger.info("%s could not read what was sent: %r.", label, error, extra=extra)
        raise ValidationError(gettext("This value cannot be read."), code="invalid") from error


def _savepoint(alias: str | None) -> AbstractContextManager[Any]:
    if alias is None:
        return nullcontext()
    connection = connections[alias]
    # Only in PostgreSQL does a failed query abort the transaction.
    is_needed = connection.vendor == "postgresql" and connection.in_atomic_block
    return transaction.atomic(alias) if is_needed else nullcontext()


class _Clean:
    """A field's ``clean`` method that raises only ``ValidationError``."""

    def __init__(self, field: Field, label: str) -> None:
        self._clean: Callable[..., Any] = field.clean
        self._field = field
        self._label = label

    def __call__(self, *args: Any) -> Any:
        queryset = getattr(self._field, "queryset", None)
        with refusing_bad_input(self._label, getattr(queryset, "db", None)):
            value = self._clean(*args)
            _check(value)
        return value


def _check(value: Any) -> None:
    """Check a value that a field accepts but a database or a page may not.

    Raises:
        ValueError: text with a NUL or a lone surrogate, or lists and dicts nested too deeply.
        OverflowError: a datetime whose year would be 0 or 10000 in another time zone.
    """
    if isinstance(value, dt.datetime):
        if timezone.is_aware(value):
            timezone.localtime(value.astimezone(dt.UTC))
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list | dict) and _is_nested(value):
        _check_depth(value)
        _check_text(json.dumps(value, ensure_ascii=False, default=str))


def _check_text(text: str) -> None:
    text.encode()
    if "\0" in text or "\\u0000" in text:
        msg = "A database refuses text with a NUL."
        raise ValueError(msg)


def _is_nested(value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return any(isinstance(each, str | list | dict) for each in inside) or isinstance(value, dict)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inside
            for each in level
            if isinstance(each, list | dict)
            for inside in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    msg = f"It is nested more than {MAX_DEPTH} deep."
    raise ValueError(msg)


def _read_back(field: JSONField, data: Any, initial: Any) -> Any:
    """Return the value to show for JSON that was sent; if it is invalid, the text itself."""
    try:
        value = type(field).bound_data(field, data, initial)
        _check(value)
        json.dumps(value, cls=field.encoder)
    except BAD_INPUT:
        return InvalidJSONInput(data)
    return value
