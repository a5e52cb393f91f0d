"""The package's loggers, which a project's ``LOGGING`` configures but does not disable by accident.

``logging.config`` disables every existing logger that it does not name, unless the setting is
``"disable_existing_loggers": False``. A project imports ``dashboards.live.asgi`` before Django
configures logging, and each ``get_asgi_application()`` configures it again. Then the loggers of a
package exist already, and its errors would not be logged.

Levels, handlers and filters work as usual. Use them to silence these loggers.

Each record can be encoded as UTF-8. A handler drops a record that it cannot encode, and the names
of files and processes, which values and errors may contain, can have bytes that are not UTF-8.
"""

import logging
from contextlib import suppress

from dashboards.storable_text import clean_text

_MAX_LENGTH = 300
NAMES = ("dashboards", "dashboards.live")


class _EnabledLogger(logging.Logger):
    """A logger that cannot be disabled, and whose records every handler can write."""

    @property
    def disabled(self) -> bool:
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        pass

    def handle(self, record: logging.LogRecord) -> None:
        # The __str__ of a project's object may raise. Handlers report that without raising.
        with suppress(Exception):
            _clean(record)
        super().handle(record)


def _clean(record: logging.LogRecord) -> None:
    """Replace what UTF-8 cannot encode by U+FFFD: in message, traceback and extras."""
    for name, value in vars(record).items():
        if isinstance(value, str):
            vars(record)[name] = clean_text(value)
    message = record.getMessage()
    if clean_text(message) != message:
        record.msg, record.args = clean_text(message), ()
    if record.exc_info:
        trace = logging.Formatter().formatException(record.exc_info)
        if clean_text(trace) != trace:
            # Formatters use this text instead of the exception.
            record.exc_text = clean_text(trace)


def install() -> None:
    """Create the package's loggers, before another module gets them."""
    for name in NAMES:
        logger = logging.getLogger(name)
        kind = type(logger)
        # The project may have created it before, with a logger class of its own.
        if not issubclass(kind, _EnabledLogger):
            logger.__class__ = type(kind.__name__, (_EnabledLogger, kind), {})


def one_line(error: BaseException) -> str:
    """Return the class and text of an error in one line, without a library's traceback."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:_MAX_LENGTH]}" if text else name
