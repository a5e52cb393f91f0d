"""The component that shows how far work is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from dashboards.component.base import Bound, Component, declaring
from dashboards.component.conversion import as_text, is_empty, is_missing, shorten
from dashboards.component.formats import format_duration, format_value
from dashboards.component.values import as_data, as_number
from dashboards.exceptions import ComponentValueError
from dashboards.texts import StrOrPromise

_STATES: Mapping[str, Any] = {
    "waiting": gettext_lazy("Waiting"),
    "running": gettext_lazy("Running"),
    "done": gettext_lazy("Done"),
    "failed": gettext_lazy("Failed"),
}
_GLYPHS = {"waiting": "○", "running": "●", "done": "✓", "failed": "✕"}


class _Stated:
    """The word and the character of a state."""

    state: str

    @property
    def word(self) -> str:
        """The state in words."""
        return str(_STATES[self.state])

    @property
    def glyph(self) -> str:
        """A character that shows the state."""
        return _GLYPHS[self.state]


@dataclass(frozen=True)
class Step(_Stated):
    """One step of the work.

    Args:
        name: its name.
        state: ``"waiting"``, ``"running"``, ``"done"`` or ``"failed"``; by default it follows from
            the current step.
        text: a few words after its name.
    """

    name: str
    state: str = ""
    text: StrOrPromise = ""


@dataclass(frozen=True)
class ProgressData(_Stated):
    """The value of a ``Progress``.

    Args:
        value: the progress, from 0 to ``max``. By default the number of steps that are done;
            without steps the bar shows only that work is going on.
        max: the end, above 0; default 100.
        text: a line below the bar.
        state: ``"waiting"``, ``"running"``, ``"done"`` or ``"failed"``; by default ``"done"`` at
            the end, ``"failed"`` if a step has failed, else ``"running"``.
        steps: names, ``Step``, or dicts of its fields, in order; by default those of the
            ``Progress``.
        step: the current step, by its name or its number from 0. Steps before it are done, steps
            after it are waiting.
        started: when it began, a ``datetime``. While it runs, the remaining time is estimated from
            it.
        finished: when it ended, a ``datetime``.
        estimate: the remaining time: seconds, a ``timedelta``, or the ``datetime`` of the end.
    """

    value: float | None = None
    max: float = 100
    text: StrOrPromise = ""
    state: str = ""
    steps: Sequence[Any] = ()
    step: int | str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    estimate: Any = None

    @property
    def percent(self) -> float:
        """The part that is done, from 0 to 100; 0 if it is unknown."""
        return min(max(100 * (self.value or 0) / self.max, 0), 100)

    @property
    def has_ended(self) -> bool:
        """True if the work is done or has failed."""
        return self.state in ("done", "failed")

    @property
    def has_word(self) -> bool:
        """True if its state is shown in words. The bar shows that it is running."""
        return self.state != "running" or self.value is None

    @property
    def time(self) -> str:
        """The remaining or elapsed time in words, computed when it is shown."""
        started, finished = self.started, self.finished
        if self.has_ended:
            if started is None or finished is None:
                return ""
            took = format_duration((finished - started).total_seconds())
            text = gettext("took %(time)s") if self.state == "done" else gettext("after %(time)s")
            return text % {"time": took}
        left = self._left()
        if left is not None:
            return gettext("about %(time)s left") % {"time": format_duration(left)}
        if started is not None:
            return gettext("since %(time)s") % {"time": format_value(started)}
        return ""

    def _left(self) -> float | None:
        """Return the remaining seconds; ``None`` if they cannot be estimated."""
        if isinstance(self.estimate, datetime):
            return max((self.estimate - timezone.now()).total_seconds(), 0)
        if self.estimate is not None:
            return float(self.estimate)
        if self.started is None or not self.value or self.value < 0:
            return None
        elapsed = (timezone.now() - self.started).total_seconds()
        return elapsed * (self.max - self.value) / self.value


@dataclass
class Progress(Component):
    """A bar. Its value is a ``ProgressData``, a dict of its fields, or a number from 0 to 100.

    Args:
        steps: the steps of the work, in order: names, ``Step``, or dicts of its fields. Then a
            value names its ``step``, and needs no number.
    """

    template: str = "dashboards/components/progress.html"
    steps: Sequence[Any] = ()

    def __post_init__(self) -> None:
        """Check the steps.

        Raises:
            DeclarationError: they are not a list, or one of them is neither a text nor a ``Step``.
        """
        with declaring(self, f"steps={self.steps!r}"):
            _as_steps(self.steps, None, "")

    def prepare_value(self, value: Any, bound: Bound | None = None) -> ProgressData | None:  # noqa: ARG002 - for subclasses
        """Return a ``ProgressData``; ``None`` if there is no value yet."""
        if value is None:
            return None
        data = as_data("Progress", ProgressData, value, short="value")
        end = as_number("Progress", "max", data.max)
        if end <= 0:
            msg = f"A Progress's max must be above 0, got {shorten(data.max)}."
            raise ComponentValueError(msg)
        number = None if data.value is None else as_number("Progress", "value", data.value)
        is_done = number is not None and number >= end
        state = "done" if is_done else ""
        if not is_empty(data.state):
            state = _as_state("Progress", data.state)
        steps = self.steps if is_empty(data.steps) else data.steps
        steps = _as_steps(steps, data.step, state)
        states = [step.state for step in steps]
        if not state:
            is_done = bool(states) and set(states) == {"done"}
            state = "failed" if "failed" in states else "done" if is_done else "running"
        if number is None and states and state != "done":
            number, end = states.count("done"), len(states)
        if number is None and state != "running":
            number = end if state == "done" else 0
        return replace(
            data,
            value=number,
            max=end,
            state=_as_state("Progress", state),
            steps=steps,
            text=as_text("Progress", "text", data.text),
            started=_as_moment("started", data.started),
            finished=_as_moment("finished", data.finished),
            estimate=_as_estimate(data.estimate),
        )


def _as_steps(steps: Any, current: int | str | None, state: str) -> Sequence[Step]:
    """Return the steps, each with its state.

    Args:
        steps: the steps.
        current: the current step, by name or number.
        state: the state of the whole work; empty if it is unknown.

    Raises:
        ComponentValueError: they are not steps, or the current step is not one of them.
    """
    if isinstance(steps, str | bytes | Mapping) or not isinstance(steps, Sequence):
        msg = f"A Progress's steps must be a list of texts, Step or dicts, got {shorten(steps)}."
        raise ComponentValueError(msg)
    steps = [as_data("Progress's step", Step, each, short="name") for each in steps]
    names: list[Any] = [step.name for step in steps]
    for name in names:
        if not isinstance(name, str | Promise):
            msg = f"A Progress's step must have a text as its name, got {shorten(name)}."
            raise ComponentValueError(msg)
    # Only texts are compared: the comparison of an array has no truth value.
    is_name = isinstance(current, str | Promise) and current in names
    at = names.index(current) if is_name else None if is_missing(current) else current
    if at is not None and not (isinstance(at, int) and 0 <= at < len(names)):
        allowed = ", ".join(map(repr, names)) or "there are none"
        got = shorten(current)
        msg = f"A Progress's step must be one of its steps ({allowed}) or its number, got {got}."
        raise ComponentValueError(msg)

    def state_of(index: int) -> str:
        if state == "done" or (at is not None and index < at):
            return "done"
        return (state or "running") if index == at else "waiting"

    return tuple(
        replace(
            step,
            state=_as_state(
                "Progress's step", state_of(index) if is_empty(step.state) else step.state
            ),
            text=as_text("Progress's step", "text", step.text),
        )
        for index, step in enumerate(steps)
    )


def _as_state(kind: str, state: str) -> str:
    # It may be any value, even one that is not hashable or comparable.
    unknown: object = state
    if not (isinstance(unknown, str) and unknown in _STATES):
        msg = f"A {kind} must have a state of {', '.join(_STATES)}, got {shorten(state)}."
        raise ComponentValueError(msg)
    return state


def _as_moment(field: str, value: Any) -> datetime | None:
    """Return a datetime that can be compared with now: aware or naive as ``USE_TZ`` is."""
    if is_missing(value):
        return None
    if not isinstance(value, datetime):
        msg = f"A Progress's {field} must be a datetime, got {shorten(value)}."
        raise ComponentValueError(msg)
    if timezone.is_aware(value) == settings.USE_TZ:
        return value
    try:
        return timezone.make_aware(value) if settings.USE_TZ else timezone.make_naive(value)
    except OverflowError as error:
        msg = f"A Progress's {field} must lie within the years 2 to 9998, got {shorten(value)}."
        raise ComponentValueError(msg) from error


def _as_estimate(value: Any) -> float | datetime | None:
    """Return the remaining seconds, or the datetime of the end."""
    if is_missing(value):
        return None
    if isinstance(value, datetime):
        return _as_moment("estimate", value)
    if isinstance(value, timedelta):
        value = value.total_seconds()
    return max(as_number("Progress", "estimate", value), 0)
