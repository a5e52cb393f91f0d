"""Detects that several processes of a site each keep live state in their own memory.

It locks a file of the site. The operating system releases the lock when the process ends, however
it ends, and a fork does not inherit it.
"""

import contextlib
import hashlib
import logging
import os
import sys
import time
from pathlib import Path
from threading import Lock

from django.conf import settings
from django.core import mail

from dashboards.live.stores.notifications import make_private_folder

try:
    from fcntl import LOCK_EX, LOCK_NB, lockf
except ImportError:
    CAN_DETECT = False  # Windows.
else:
    CAN_DETECT = True

logger = logging.getLogger("dashboards.live")

_GRACE_SECONDS = 3.0
"""Time for which a process may overlap with the one that replaces it."""

_files: dict[Path, int] = {}
_lock = Lock()


class OtherProcesses:
    """Reports once that another process of this site also uses its own memory as the store."""

    def __init__(self) -> None:
        self.is_known = False
        """True if all is detected that can be."""
        self._has_read = False
        self._met_at = 0.0

    def detect(self, *, reads: bool) -> None:
        """Look for another process. Call it until the result ``is_known``.

        Args:
            reads: True if the store is read, not written. A process that writes and was never read
                serves no pages, so nobody gets what it writes: that is reported at once.
        """
        self._has_read = self._has_read or reads
        # Tests may run in several processes.
        if hasattr(mail, "outbox") or _is_sole():
            self.is_known = True
            return
        now = time.monotonic()
        self._met_at = self._met_at or now
        if self._has_read and now < self._met_at + _GRACE_SECONDS:
            return
        self.is_known = True
        logger.error(
            "MemoryStore is used by more than one process of this site. Each has its own live "
            "state, so values that are pushed in this one (%s) are not shown by the others. Serve "
            "the site with one process, or use DatabaseStore or RedisStore.",
            os.getpid(),
            extra={"event": "processes_detected"},
        )


def _is_sole() -> bool:
    """Return True if this process has the site's lock, or if that cannot be detected."""
    identity = _identity()
    if not (CAN_DETECT and identity):
        return True
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:16]
    with _lock:
        try:
            path = make_private_folder() / f"{digest}.lock"
            if path in _files:
                return True
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            logger.debug("Other processes cannot be detected: %s", error)
            return True
        try:
            lockf(descriptor, LOCK_EX | LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        # Open until the process ends: closing it would release the lock.
        _files[path] = descriptor
        return True


def _identity() -> str:
    """Return a text that identifies this site: its settings' file and its database."""
    module = sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", "")))
    path = getattr(module, "__file__", "") or ""
    name = settings.DATABASES.get("default", {}).get("NAME") or ""
    return f"{path} {name}".strip()


def _forget() -> None:
    """Let a forked child lock for itself: the lock belongs to its parent."""
    global _lock  # noqa: PLW0603 - it may have been locked during the fork
    _lock = Lock()
    for descriptor in _files.values():
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
