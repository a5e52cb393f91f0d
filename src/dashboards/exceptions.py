"""The errors of this package. Messages name the class, the attribute and what is allowed."""

from collections.abc import Callable
from typing import Any


class DashboardError(Exception):
    """The base class of every error of this package."""


class DeclarationError(DashboardError):
    """A dashboard or component is declared in a way that cannot work."""


class RegistrationError(DashboardError):
    """A dashboard cannot be registered."""


class UnknownComponentError(DashboardError, KeyError):
    """A dashboard has no component of that key."""

    describe: Callable[[], str] | None = None
    """Returns a longer message: called once, when the message is first read.

    A template asks for a component, in vain, with the name of each attribute of a dashboard. To
    list the keys that there are, the permission classes are asked.
    """
    _text: str | None = None

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, with quotes around the sentence.
        if self._text is None:
            self._text = str(self.args[0]) if self.describe is None else self.describe()
            self.describe = None
        return self._text

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the function, which belongs to a request.
        return type(self), (str(self),)


class NotLiveError(DashboardError):
    """A value was pushed to a component that is not live, or that each viewer computes."""


class ComponentValueError(DashboardError, ValueError):
    """A component cannot show a value."""


class ValueTooLargeError(ComponentValueError):
    """A value is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]`` allows.

    Args:
        text: the message.
        excess: the message without the name of the value; empty if it has none.
    """

    def __init__(self, text: str, excess: str = "") -> None:
        super().__init__(text)
        self.excess = excess


class AudienceError(DashboardError):
    """The user or the object of a dashboard that needs one is missing."""


class StoreUnavailableError(DashboardError):
    """The store of live state cannot be reached. A page shows no live values until it can."""


class PushError(DashboardError, TypeError):
    """The arguments of ``push`` are wrong."""
