"""Settings: one table of defaults, read at use, never copied."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

SETTING = "DASHBOARDS"

DEFAULTS: Mapping[str, Any] = {
    # Where the newest frame of every live component is kept, in the manner of CACHES.
    "STORES": {"default": {"BACKEND": "dashboards.live.stores.database.DatabaseStore"}},
    # The place in the grid of what names none, such as "span-6"; by default a third.
    "GRID_CSS_CLASSES": "",
    # CSS classes by kind of component ("Stat") and of layout object ("Card"): a string for the
    # outermost element, or a dict by part.
    "COMPONENT_CSS_CLASSES": {},
    "LAYOUT_CSS_CLASSES": {},
    # Whether staff read in a failed box what was raised. With DEBUG everybody does.
    "SHOW_ERRORS_TO_STAFF": False,
    # Whether what a value, template or permission class raises ends the request, in place of
    # failing its own box. None: while tests run, so that they see it.
    "RAISE_VALUE_ERRORS": None,
    # Dotted paths or classes, for every dashboard whose Meta names none.
    "PERMISSION_CLASSES": ["dashboards.permissions.AllowAny"],
    # Seconds of silence after which a held stream sends a sign of life. A page that hears nothing
    # for twice as long, at most 20 seconds, says since when, and connects anew.
    "HEARTBEAT_SECONDS": 10,
    # Seconds after which a held stream ends, so that access is checked anew; each stream's own
    # age is drawn from 80 to 100 % of it, lest all of them come back in the same second.
    "STREAM_MAX_AGE_SECONDS": 300,
    # Streams that one process holds. When all places are taken, a newcomer gets one of whoever
    # holds most, if that is at least two more than the newcomer holds: a signed-in user, or else
    # an address. Who gets none is answered what changed since, and asks again in 5 to 15 seconds.
    "MAX_STREAMS": 10_000,
    # The request header in which your proxy says the client's address, such as "X-Forwarded-For"
    # (its last address counts) or "X-Real-IP". Only where a proxy of yours sets it on every
    # request: else whoever sends it chooses whose places they take. Empty: the address that the
    # server says.
    "CLIENT_ADDRESS_HEADER": "",
    # Threads that compute live values in one process, so also the database connections that they
    # take. A quarter of them is kept for values that were quick the last time.
    "MAX_COMPUTE_THREADS": 8,
    # Seconds that a page waits for live values in all. What is not ready comes by the stream. For
    # tests on a slow machine, more.
    "PAGE_WAIT_SECONDS": 0.5,
    # Seconds after which a live value that is awaited (async def) is cancelled, and counts as
    # failed. A value that is not awaited cannot be cancelled: it keeps its thread.
    "COMPUTE_TIMEOUT_SECONDS": 60,
    # Behind a GRIP proxy: seconds after which the proxy asks for what a stream may have missed, and
    # access is checked anew; drawn each time from 80 to 100 % of it, at first from 10 to 100 %.
    "GRIP_POLL_SECONDS": 60,
    # Bytes of HTML (or of a figure's JSON) that one component's value may have. Every change is
    # sent whole to every open page: two megabytes take a second on a line of 16 Mbit/s. The largest
    # figures that a browser still draws with ease, some 50,000 points, stay below.
    "MAX_FRAME_BYTES": 2_000_000,
    # Seconds for which a value is kept that no component of this release shows, for it was renamed,
    # retyped or removed: a release that is rolled back meanwhile finds it again.
    "FORGET_AFTER_SECONDS": 3600,
    # What names the release that a process serves, such as the hash of its commit: a page that was
    # opened before a deploy loads itself anew. None: a hash of the files that pages are made of.
    # Empty: no page does.
    "RELEASE": None,
    # Seconds over which pages spread that load themselves anew after a deploy.
    "RELOAD_SPREAD_SECONDS": 60,
    # Characters of a query string that the links, forms and requests of a page repeat. A page that
    # was asked for with a longer one is served, but its addresses begin anew, without any of it.
    "MAX_QUERY_LENGTH": 4_000,
    # Characters of HTML or Markdown that a Text(markup=...) reads. To read text takes time that
    # grows faster than its length; a longer one is shown as plain text, and the log says so.
    "MAX_MARKUP_LENGTH": 20_000,
    # Milliseconds until a page asks again where nobody holds its stream.
    "POLL_MILLISECONDS": 1000,
}


def get(name: str) -> Any:
    """Return one setting of ``settings.DASHBOARDS``, or its default.

    Raises:
        KeyError: when there is no setting of that name.
    """
    default = DEFAULTS[name]
    # As ``_usable`` does, without its calls: a push reads several settings.
    written = getattr(settings, SETTING, {})
    return written.get(name, default) if isinstance(written, Mapping) else default


def current() -> Mapping[str, Any]:
    """Return all settings as they are now: for what asks many times within one request."""
    return {**DEFAULTS, **_usable()}


def _usable() -> Mapping[str, Any]:
    written = given()
    # Anything but a dict is told by a system check, which must get as far as that.
    return written if isinstance(written, Mapping) else {}


def given() -> Any:
    """Return ``settings.DASHBOARDS`` as it was written, for the system checks."""
    return getattr(settings, SETTING, {})
