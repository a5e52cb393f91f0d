"""``Every`` and ``OnChange``: what a project writes as ``live=``."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest
from django.contrib.auth.models import User

from dashboards import live

# Their arguments are of other types than declared.
Every: Any = live.Every
OnChange: Any = live.OnChange


@pytest.mark.parametrize("seconds", [0, -1, "1", None, True, nan, inf], ids=repr)
def test_every_without_a_finite_interval_is_refused(seconds: Any):
    """A text was a TypeError from within; an infinite interval was accepted."""
    with pytest.raises(ValueError, match=rf"^Every\(seconds={seconds!r}\): seconds must be a "):
        Every(seconds)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (OnChange, "OnChange() needs at least one model."),
        (lambda: OnChange(3), "OnChange(3): give a model class, or its name"),
        (lambda: OnChange(User, debounce="1"), "OnChange(debounce='1', seconds=60): debounce must"),
        (lambda: OnChange(User, debounce=0), "OnChange(debounce=0, seconds=60): debounce must"),
        (lambda: OnChange(User, seconds=inf), "OnChange(debounce=0.2, seconds=inf): debounce must"),
        (lambda: OnChange(User, jitter=nan), "OnChange(delivery='broadcast', jitter=nan): deliv"),
        (lambda: Every(1, jitter="2"), "Every(delivery='broadcast', jitter='2'): delivery must"),
        (lambda: OnChange(User, seconds=True), "OnChange(debounce=0.2, seconds=True): debounce m"),
        (lambda: Every(1, jitter=True), "Every(delivery='broadcast', jitter=True): delivery must"),
        (lambda: Every(1, delivery="all"), "Every(delivery='all', jitter=2): delivery must"),
    ],
    ids=range(10),
)
def test_invalid_argument_is_refused_with_its_value(make: Callable[[], Any], message: str):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is compared
        make()
    assert str(refused.value).startswith(message)
