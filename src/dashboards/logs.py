"""The package's loggers, which a project's ``LOGGING`` configures but does not silence by accident.

``logging.config`` disables every logger that exists already and that it does not name, unless it is
told ``"disable_existing_loggers": False``. A project imports ``dashboards.live.asgi`` before Django
configures logging, and Django does so again for each ``get_asgi_application()``: the loggers of a
package are there by then, and its errors were logged nowhere.

Levels, handlers and filters work as ever, and are the way to silence these loggers.

What they log can be written as UTF-8: a handler that cannot encode a record drops it, and the name
of a file or process, which any value and error may hold, need not be UTF-8.
"""

import logging
from contextlib import suppress

from dashboards.characters import clean_text

_MAX_LENGTH = 300
NAMES = ("dashboards", "dashboards.live")


class _Heard(logging.Logger):
    """A logger that ignores that it is disabled, and whose records every handler can write."""

    @property
    def disabled(self) -> bool:
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None:
        pass

    def handle(self, record: logging.LogRecord) -> None:
        # A project's object may fail to be written. Handlers report that, and raise nothing.
        with suppress(Exception):
            _clean(record)
        super().handle(record)


def _clean(record: logging.LogRecord) -> None:
    """Put U+FFFD in place of what UTF-8 cannot write: in message, traceback and extras."""
    for name, value in vars(record).items():
        if isinstance(value, str):
            vars(record)[name] = clean_text(value)
    message = record.getMessage()
    if clean_text(message) != message:
        record.msg, record.args = clean_text(message), ()
    if record.exc_info:
        trace = logging.Formatter().formatException(record.exc_info)
        if clean_text(trace) != trace:
            # Formatters write this in place of the exception.
            record.exc_text = clean_text(trace)


def install() -> None:
    """Make the package's loggers, before anything else of it asks for them."""
    for name in NAMES:
        logger = logging.getLogger(name)
        kind = type(logger)
        # The project may have asked for it first, and may have set a class of its own.
        if not issubclass(kind, _Heard):
            logger.__class__ = type(kind.__name__, (_Heard, kind), {})


def one_line(error: BaseException) -> str:
    """Return what an error says in one line, without the traceback of a library that was called."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:_MAX_LENGTH]}" if text else name
