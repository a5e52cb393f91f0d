"""When a live value is computed: what a project writes as ``live=`` of a component."""

from dataclasses import dataclass
from typing import Literal, get_args

from django.db.models import Model

from dashboards.calling import NamedArguments
from dashboards.compat import accept_old_names
from dashboards.numeric import is_finite_number

MIN_SECONDS = 0.1

Delivery = Literal["broadcast", "per_viewer"]

_DELIVERIES = get_args(Delivery)


@accept_old_names(how="delivery", spread="jitter")
@dataclass(frozen=True)
class Every(NamedArguments):
    """Compute the value at an interval, while a page that shows it is open.

    Args:
        seconds: the interval in seconds, at least 0.1.
        delivery: ``"broadcast"``, the default: the value is computed once for all viewers.
            ``"per_viewer"``: the value depends on its viewer, and each page loads its own.
        jitter: for ``"per_viewer"``, seconds over which the pages spread their requests; default 2.
    """

    seconds: float
    delivery: Delivery = "broadcast"
    jitter: float = 2

    def __post_init__(self) -> None:
        if not is_finite_number(self.seconds, MIN_SECONDS):
            msg = (
                f"Every(seconds={self.seconds!r}): seconds must be a finite number of at least 0.1."
            )
            raise ValueError(msg)
        _check_delivery(self)


@accept_old_names(window="debounce", how="delivery", spread="jitter")
@dataclass(frozen=True, init=False)
class OnChange(NamedArguments):
    """Compute the value again after objects of these models were saved or deleted.

    It is computed after the commit, once for all viewers, and only while a page is open. Changes
    within ``debounce`` seconds are merged into one computation. After changes that send no signal
    (``QuerySet.update``, ``bulk_create``, SQL, a many-to-many relation) it is computed within
    ``seconds``.

    Args:
        *models: model classes, or their names such as ``"shop.Order"``; at least one.
        debounce: seconds in which changes are merged; default 0.2.
        seconds: the interval at which it is computed without a signal; default 60.
        delivery: as in ``Every``.
        jitter: as in ``Every``.
    """

    models: tuple[type[Model] | str, ...]
    debounce: float
    seconds: float
    delivery: Delivery
    jitter: float

    def __init__(
        self,
        *models: type[Model] | str,
        debounce: float = 0.2,
        seconds: float = 60,
        delivery: Delivery = "broadcast",
        jitter: float = 2,
    ) -> None:
        if not models:
            msg = "OnChange() needs at least one model."
            raise ValueError(msg)
        for each in models:
            given: object = each
            if not (isinstance(given, str) or _is_model(given)):
                msg = f'OnChange({given!r}): give a model class, or its name such as "shop.Order".'
                raise ValueError(msg)
        if not (
            is_finite_number(debounce, 0) and debounce and is_finite_number(seconds, MIN_SECONDS)
        ):
            msg = (
                f"OnChange(debounce={debounce!r}, seconds={seconds!r}): debounce must be above 0 "
                "and seconds at least 0.1."
            )
            raise ValueError(msg)
        fields = {"models": models, "debounce": debounce, "seconds": seconds}
        for name, value in {**fields, "delivery": delivery, "jitter": jitter}.items():
            object.__setattr__(self, name, value)
        _check_delivery(self)


def _is_model(value: object) -> bool:
    """Return True if a value is a model class."""
    return isinstance(value, type) and issubclass(value, Model)


def _check_delivery(trigger: Every | OnChange) -> None:
    if trigger.delivery not in _DELIVERIES or not is_finite_number(trigger.jitter, 0):
        msg = (
            f"{type(trigger).__name__}(delivery={trigger.delivery!r}, jitter={trigger.jitter!r}): "
            f"delivery must be one of {', '.join(map(repr, _DELIVERIES))} and jitter a number of "
            "at least 0."
        )
        raise ValueError(msg)


def topic_of(model: type[Model] | str) -> str:
    """Return the channel that gets a new version when an object of a model changes."""
    label = model if isinstance(model, str) else model._meta.label  # noqa: SLF001 - public by custom
    return f"model:{label.lower()}"
