"""Assertions about what was pushed."""

from typing import Any

from dashboards.dashboard import Dashboard
from dashboards.testing.isolation import commit, get_isolation
from dashboards.testing.outbox import Push, describe, outbox


def assert_pushed(dashboard: Dashboard | type[Dashboard], **values: Any) -> None:
    """Assert that one ``push`` of this test gave a dashboard these values, and maybe others.

    What is pushed in a transaction counts once it is committed. What Django's ``TestCase`` never
    commits counts when the outermost ``atomic`` block of the test has ended.

    Args:
        dashboard: the class; or an instance, for one object or user.
        **values: the values by key, as ``push`` got them; none for any values.

    Raises:
        AssertionError: there was no such push; the message lists what was pushed.
    """
    __tracebackhide__ = True
    get_isolation("assert_pushed()")
    commit()
    own = [each for each in outbox if _is_to(each, dashboard)]
    if any(_has(each, values) for each in own):
        return
    name = dashboard.__name__ if isinstance(dashboard, type) else describe(dashboard)
    expected = ", ".join(f"{key}={value!r}" for key, value in values.items()) or "any value"
    lines = [f"{name} was not pushed {expected}. What was pushed:"]
    lines += [f"  {each}" for each in outbox] or ["  nothing"]
    raise AssertionError("\n".join(lines))


def _is_to(push: Push, dashboard: Dashboard | type[Dashboard]) -> bool:
    if isinstance(dashboard, type):
        return type(push.dashboard) is dashboard
    is_same = type(push.dashboard) is type(dashboard)
    return is_same and push.dashboard.channel == dashboard.channel


def _has(push: Push, values: dict[str, Any]) -> bool:
    return all(key in push.values and push.values[key] == each for key, each in values.items())
