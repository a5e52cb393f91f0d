"""Errors that a developer meets. Each names the class, the attribute and what is allowed."""


class DashboardError(Exception):
    """Base of every error of this package."""


class DeclarationError(DashboardError):
    """A dashboard or component is declared in a way that cannot work."""


class RegistrationError(DashboardError):
    """A dashboard cannot be registered."""


class UnknownComponentError(DashboardError, KeyError):
    """A dashboard has no component of that key."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which hides the sentence behind quotes.
        return str(self.args[0])


class NotLiveError(DashboardError):
    """A value was pushed to a component that is not live."""


class ComponentValueError(DashboardError, ValueError):
    """A value is not one that its component can show."""


class ValueTooLargeError(ComponentValueError):
    """A value is longer than ``DASHBOARDS["MAX_FRAME_BYTES"]`` allows."""


class AudienceError(DashboardError):
    """A dashboard that is for one user, or about one object, was not told which."""


class StoreUnavailableError(DashboardError):
    """The store of live state cannot be reached; a page does without it, and waits."""


class PushError(DashboardError, TypeError):
    """``push`` was called with something that cannot be pushed, or pushed to."""
