"""The one door for what people send to forms: no input may raise anything but a form error.

Fields of Django, of libraries and of projects turn text into values, and some raise what they did
not expect: ``OverflowError`` for a number that no database holds, ``RecursionError`` for deeply
nested JSON, a ``DataError`` for a NUL. Each such input is an error of its field.
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
"""What code raises for input that it did not expect. ``UnicodeError`` is a ``ValueError``."""

MAX_DEPTH = 100
"""How deep lists and dicts may be nested in what somebody sends as JSON."""


def as_form(made: Any) -> BaseForm:
    """Return the form of what was made, each of its fields guarded.

    Args:
        made: a form, or what has one as ``form``, such as a ``FilterSet`` of django-filter.
    """
    form: BaseForm = made if isinstance(made, BaseForm) else made.form
    for name, field in form.fields.items():
        # The fields of a form are its own copies.
        if not isinstance(field.clean, _Clean):
            vars(field)["clean"] = _Clean(field, f"{type(form).__name__}.{name}")
            if isinstance(field, JSONField):
                vars(field)["bound_data"] = partial(_read_back, field)
    return form


def refusing_bad_database_input(label: str) -> AbstractContextManager[None]:
    """Do as ``refusing_bad_input``, around code that may have errors of its own.

    Only what a database or its driver raises for a value is turned into a ``ValidationError``.
    """
    return refusing_bad_input(label, DEFAULT_DB_ALIAS, (DataError, OverflowError))


@contextmanager
def refusing_bad_input(
    label: str, alias: str | None = None, errors: tuple[type[Exception], ...] = BAD_INPUT
) -> Iterator[None]:
    """Turn what code raises for input that it did not expect into a ``ValidationError``.

    Args:
        label: what reads the input, for the log.
        alias: the database that it may ask. Within a transaction of PostgreSQL that is done in a
            savepoint: a failed query would make every later one fail as well.
        errors: what counts as such.
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
    # Only there does a failed query end the transaction around it.
    is_needed = connection.vendor == "postgresql" and connection.in_atomic_block
    return transaction.atomic(alias) if is_needed else nullcontext()


class _Clean:
    """A field's ``clean`` that raises ``ValidationError`` only."""

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
    """Refuse what is no value to a database or a page, though a field takes it.

    Raises:
        ValueError: text with a NUL or a lone surrogate, or what is nested too deeply.
        OverflowError: a moment that has no date in another time zone.
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
        msg = "NUL is no text to a database."
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
    """Return what is shown of JSON that was sent: itself where it cannot be read."""
    try:
        value = type(field).bound_data(field, data, initial)
        _check(value)
        json.dumps(value, cls=field.encoder)
    except BAD_INPUT:
        return InvalidJSONInput(data)
    return value
