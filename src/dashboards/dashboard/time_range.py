"""The range of time that the charts of a dashboard share, as options and addresses name it.

The page reads and writes its own address (``static/dashboards/js/chart/range.js``). The server only
decides which parameters its links repeat.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from django.http import QueryDict

from dashboards.component.base import Component

ALL = "all"
"""The range that contains everything a chart has."""

TODAY = "today"
"""The range from midnight, in the time zone of the page, until now."""

PARAMETERS = frozenset({"range", "from", "to"})
"""The parameters of an address that name a range: ``range``, or ``from`` and ``to``."""

_DURATION = re.compile(r"[1-9][0-9]{0,3}[smhdw]", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def has_shared_time(components: Iterable[Component]) -> bool:
    """Return True if one of these components can show the range of its dashboard."""
    return any(getattr(each, "shared_time", False) is not False for each in components)


def is_relative(name: object) -> bool:
    """Return True for the name of a range that ends now: ``"today"``, or such as ``"5m"``."""
    return isinstance(name, str) and (name == TODAY or bool(_DURATION.fullmatch(name)))


def keep_range(params: QueryDict) -> dict[str, str]:
    """Return those parameters that name a range; none if they name none.

    An end that is not after its start, a time without a zone, and an unknown name are no range.
    """
    start, end = params.get("from", ""), params.get("to", "")
    first, last = _read(start), _read(end)
    if first is not None and last is not None and first < last:
        return {"from": start, "to": end}
    name = params.get("range", "")
    return {"range": name} if name == ALL or is_relative(name) else {}


def _read(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None  # Such as a 30th of February.
