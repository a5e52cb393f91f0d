"""The package's loggers, which a project's ``LOGGING`` configures but does not silence by accident.

``logging.config`` disables every logger that exists already and that it does not name, unless it is
told ``"disable_existing_loggers": False``. A project imports ``dashboards.live.asgi`` before Django
configures logging, and Django does so again for each ``get_asgi_application()``: the loggers of a
package are there by then, and its errors were logged nowhere.

Levels, handlers and filters work as ever, and are the way to silence these loggers.
"""

import logging

_MAX_LENGTH = 300
NAMES = ("dashboards", "dashboards.live")


class _NeverDisabled:
    """Makes a logger ignore that it is disabled."""

    @property
    def disabled(self) -> bool:
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        pass


def install() -> None:
    """Make the package's loggers, before anything else of it asks for them."""
    for name in NAMES:
        logger = logging.getLogger(name)
        kind = type(logger)
        # The project may have asked for it first, and may have set a class of its own.
        if not issubclass(kind, _NeverDisabled):
            logger.__class__ = type(kind.__name__, (_NeverDisabled, kind), {})


def one_line(error: BaseException) -> str:
    """Return what an error says in one line, without the traceback of a library that was called."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:_MAX_LENGTH]}" if text else name
