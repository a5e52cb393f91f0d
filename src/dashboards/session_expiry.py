"""Requests that no person made do not renew a session.

A live page sends requests by itself. With ``SESSION_SAVE_EVERY_REQUEST`` each of them would renew
the session, so the user of a page that is left open would never be signed out.
"""

import math
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

AUTOMATIC_HEADER = "Dashboards-Automatic"
"""The header of requests that the package's scripts send by themselves."""


AUTOMATIC_COOKIE = "dashboards-automatic"
"""The cookie of a page that reloads itself: a script cannot add a header to that request."""


def is_automatic(request: HttpRequest) -> bool:
    """Return True if a script sent the request by itself: a poll, a refresh or a deferred load."""
    return AUTOMATIC_HEADER in request.headers or AUTOMATIC_COOKIE in request.COOKIES


def keep_expiry(request: HttpRequest) -> None:
    """Make ``SessionMiddleware`` save the session of this request only if it was modified."""
    session = getattr(request, "session", None)
    if session is not None and settings.SESSION_SAVE_EVERY_REQUEST:
        kind = type(session)
        session.__class__ = _unrenewed.get(kind) or _unrenewed.setdefault(
            kind, _without_renewal(kind)
        )


_unrenewed: dict[type, type] = {}
"""By session class, the subclass that the middleware does not renew."""


def _without_renewal(kind: type) -> type:
    """Return a session class that the middleware ignores unless the session is modified.

    The middleware reads ``accessed`` first. If the session has no such attribute, the middleware
    treats the request as one without a session: it neither saves it nor sends a cookie. Until then
    other middleware can read and write the session.
    """

    def get_accessed(session: Any) -> bool:
        if not session.modified:
            raise AttributeError
        return bool(vars(session)["accessed"])

    def set_accessed(session: Any, value: bool) -> None:  # noqa: FBT001 - a property's setter
        vars(session)["accessed"] = value

    # The same name, because errors and reprs contain it.
    return type(kind.__name__, (kind,), {"accessed": property(get_accessed, set_accessed)})


def get_session_key(request: HttpRequest) -> str:
    """Return the key of the request's session; an empty string if it has none."""
    return getattr(getattr(request, "session", None), "session_key", None) or ""


def get_seconds_left(request: HttpRequest) -> float:
    """Return the seconds until the request's session expires, or infinity if that is not known.

    It is known of sessions in the database. Sessions in a cache, in files or in cookies do not
    store when they were last renewed.
    """
    session: Any = request.session
    if not hasattr(session, "get_model_class"):
        return math.inf
    rows = session.get_model_class()._default_manager.filter(session_key=session.session_key)  # noqa: SLF001 - public by custom
    expires_at = rows.values_list("expire_date", flat=True).first()
    return (expires_at - timezone.now()).total_seconds() if expires_at else math.inf
