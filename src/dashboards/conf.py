"""The settings of ``DASHBOARDS`` with their defaults. They are read when they are used."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

SETTING = "DASHBOARDS"

DEFAULTS: Mapping[str, Any] = {
    # Where the newest frame of every live component is kept, as in CACHES.
    "STORES": {"default": {"BACKEND": "dashboards.live.stores.database.DatabaseStore"}},
    # The grid classes of components that have none, such as "span-6"; by default a third.
    "GRID_CSS_CLASSES": "",
    # CSS classes by kind of component ("Stat") and of layout object ("Card"): a string for the
    # outermost element, or a dict by part.
    "COMPONENT_CSS_CLASSES": {},
    "LAYOUT_CSS_CLASSES": {},
    # True to show staff the error in a failed box. With DEBUG all viewers see it.
    "SHOW_ERRORS_TO_STAFF": False,
    # True if an error of a value, template or permission class ends the request, instead of
    # failing only its own box. None: only while tests run, so that they see it.
    "RAISE_VALUE_ERRORS": None,
    # True to show a picker of the theme (system, light, dark) on the package's own pages.
    "THEME_PICKER": True,
    # Dotted paths or classes, for every dashboard whose Meta has none.
    "PERMISSION_CLASSES": ["dashboards.permissions.AllowAny"],
    # Seconds of silence after which an open stream sends a heartbeat. A page that receives nothing
    # for twice as long, at most 20 seconds, shows since when, and connects again.
    "HEARTBEAT_SECONDS": 10,
    # Seconds after which an open stream ends, so that access is checked again. Each stream gets a
    # random age of 80 to 100 % of it, so that not all of them come back in the same second.
    "STREAM_MAX_AGE_SECONDS": 300,
    # Streams that one process keeps open. If there are as many, a new stream takes the place of one
    # of the client with most streams, if that has at least two more than the new client. A client
    # is a signed-in user, otherwise an address. If there is no place, the answer contains the
    # changes and ends, and the page polls again in 5 to 15 seconds.
    "MAX_STREAMS": 10_000,
    # The request header in which your proxy sends the client's address, such as "X-Forwarded-For"
    # (its last address is used) or "X-Real-IP". Set it only if your proxy sets it on every request:
    # otherwise a client can send any address, and take the places of others. Empty: the address of
    # the connection.
    "CLIENT_ADDRESS_HEADER": "",
    # Threads that compute live values in one process; each may open a database connection. A
    # quarter of them is reserved for values that were quick the last time.
    "MAX_COMPUTE_THREADS": 8,
    # Seconds that a page waits for all of its live values together. Those that are not ready come
    # by the stream. Set it higher for tests on a slow machine.
    "PAGE_WAIT_SECONDS": 0.5,
    # Seconds after which a live value that is awaited (async def) is cancelled, and has failed. A
    # value that is not awaited cannot be cancelled: it keeps its thread.
    "COMPUTE_TIMEOUT_SECONDS": 60,
    # Behind a GRIP proxy: seconds after which the proxy requests what a stream may have missed, and
    # access is checked again. Random each time, from 80 to 100 % of it, at first from 10 to 100 %.
    "GRIP_POLL_SECONDS": 60,
    # Bytes of HTML (or of a figure's JSON) that one component's value may have. Every change is
    # sent whole to every open page: two megabytes take a second on a line of 16 Mbit/s. The largest
    # figures that a browser draws without delay, about 50,000 points, are smaller.
    "MAX_FRAME_BYTES": 2_000_000,
    # Seconds for which the value of a component is kept that was renamed, retyped or removed in
    # this release. If the release is rolled back in that time, the value is still there.
    "FORGET_AFTER_SECONDS": 3600,
    # Identifies the release that a process serves, such as the hash of its commit. A page that was
    # opened before a deploy reloads. None: a hash of the files that pages are made of. Empty: no
    # page reloads.
    "RELEASE": None,
    # Seconds over which the pages spread their reloads after a deploy.
    "RELOAD_SPREAD_SECONDS": 60,
    # Characters of a query string that the links, forms and requests of a page repeat. If it is
    # longer, the page is served, but its addresses contain no query string.
    "MAX_QUERY_LENGTH": 4_000,
    # Characters of HTML or Markdown that a Text(markup=...) parses. The time to parse text grows
    # faster than its length. A longer text is shown as plain text, which is logged.
    "MAX_MARKUP_LENGTH": 20_000,
    # Milliseconds until a page polls again if its stream was not kept open.
    "POLL_MILLISECONDS": 1000,
}


def get(name: str) -> Any:
    """Return one setting of ``settings.DASHBOARDS``, or its default.

    Raises:
        KeyError: there is no setting of that name.
    """
    default = DEFAULTS[name]
    # As ``_usable`` does, without its calls: a push reads several settings.
    written = getattr(settings, SETTING, {})
    return written.get(name, default) if isinstance(written, Mapping) else default


def current() -> Mapping[str, Any]:
    """Return all settings in one mapping, for code that needs many within one request."""
    return {**DEFAULTS, **_usable()}


def _usable() -> Mapping[str, Any]:
    written = user_settings()
    # A system check reports other types than a dict. Until it runs, nothing may raise.
    return written if isinstance(written, Mapping) else {}


def user_settings() -> Any:
    """Return ``settings.DASHBOARDS`` unchanged, for the system checks."""
    return getattr(settings, SETTING, {})
