"""Requests that no person made do not move a session's expiry.

A live page asks again and again by itself. Under ``SESSION_SAVE_EVERY_REQUEST`` each of these
requests would renew the session, and a page that was left open would never be signed out.
"""

import math
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

AUTOMATIC_HEADER = "Dashboards-Automatic"
"""The request header by which our scripts say that no person made a request."""


AUTOMATIC_COOKIE = "dashboards-automatic"
"""The same for a page that loads itself anew, which no script can give a header."""


def is_automatic(request: HttpRequest) -> bool:
    """Return True if a script made the request by itself: a poll, a refresh, a deferred load."""
    return AUTOMATIC_HEADER in request.headers or AUTOMATIC_COOKIE in request.COOKIES


def keep_expiry(request: HttpRequest) -> None:
    """Have ``SessionMiddleware`` save the session of this request only if it was modified."""
    session = getattr(request, "session", None)
    if session is not None and settings.SESSION_SAVE_EVERY_REQUEST:
        kind = type(session)
        session.__class__ = _kinds.get(kind) or _kinds.setdefault(kind, _without_renewal(kind))


_kinds: dict[type, type] = {}
"""By class of sessions, the class that is not renewed."""


def _without_renewal(kind: type) -> type:
    """Return a class of sessions that the middleware leaves alone unless they are modified.

    The middleware reads ``accessed`` first, and a request whose session has no such attribute is
    one without sessions to it: it neither saves nor sends a cookie. Other middleware may still
    read and write the session until then.
    """

    def get_accessed(session: Any) -> bool:
        if not session.modified:
            raise AttributeError
        return bool(vars(session)["accessed"])

    def set_accessed(session: Any, value: bool) -> None:  # noqa: FBT001 - a property's setter
        vars(session)["accessed"] = value

    # Named alike, for the name stands in errors and in reprs.
    return type(kind.__name__, (kind,), {"accessed": property(get_accessed, set_accessed)})


def get_session_key(request: HttpRequest) -> str:
    """Return the key of the request's session; empty if it has none."""
    return getattr(getattr(request, "session", None), "session_key", None) or ""


def get_seconds_left(request: HttpRequest) -> float:
    """Return the seconds until the request's session expires, as far as that is known.

    Sessions that are rows of a model say when. Of others (in a cache, files or cookies) it is not
    known when they were last renewed: infinity.
    """
    session: Any = request.session
    if not hasattr(session, "get_model_class"):
        return math.inf
    rows = session.get_model_class()._default_manager.filter(session_key=session.session_key)  # noqa: SLF001 - public by custom
    expires_at = rows.values_list("expire_date", flat=True).first()
    return (expires_at - timezone.now()).total_seconds() if expires_at else math.inf
