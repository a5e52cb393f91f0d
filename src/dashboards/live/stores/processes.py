"""Noticing that several processes of a site each keep live state of their own.

By a lock on a file of the site, which the system lets go of when its process ends, however it ends.
It is not inherited by a fork.
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
    IS_NOTICED = False  # On Windows.
else:
    IS_NOTICED = True

logger = logging.getLogger("dashboards.live")

_GRACE_SECONDS = 3.0
"""Time for which a process that is being replaced may overlap with the one that replaces it."""

_files: dict[Path, int] = {}
_lock = Lock()


class OtherProcesses:
    """Reports, once, that another process of this site uses its own memory as the store, too."""

    def __init__(self) -> None:
        self._is_known = False
        self._has_read = False
        self._met_at = 0.0

    def look(self, *, reads: bool) -> None:
        """Look for another process, where that is not known yet.

        Args:
            reads: whether the store is read, not written. What is written by a process that has
                never been read reaches nobody, which is reported at once.
        """
        if self._is_known:
            return
        self._has_read = self._has_read or reads
        # Tests may run in as many processes as they like.
        if hasattr(mail, "outbox") or _is_sole():
            self._is_known = True
            return
        now = time.monotonic()
        self._met_at = self._met_at or now
        if self._has_read and now < self._met_at + _GRACE_SECONDS:
            return
        self._is_known = True
        logger.error(
            "MemoryStore is used by more than one process of this site. Each has live state of its "
            "own, and what this one (%s) is given, the pages of the others never show. Serve the "
            "site by one process, or use DatabaseStore or RedisStore.",
            os.getpid(),
            extra={"event": "several_processes"},
        )


def _is_sole() -> bool:
    """Return True if this process has the site's lock, or nobody can tell."""
    identity = _identity()
    if not (IS_NOTICED and identity):
        return True
    digest = hashlib.sha256(identity.encode(errors="surrogatepass")).hexdigest()[:16]
    with _lock:
        try:
            path = make_private_folder() / f"{digest}.lock"
            if path in _files:
                return True
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            logger.debug("Other processes cannot be noticed: %s", error)
            return True
        try:
            lockf(descriptor, LOCK_EX | LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        # Open until the process ends: closing would let go of the lock.
        _files[path] = descriptor
        return True


def _identity() -> str:
    """Return what tells this site from others: its settings' file, and its database."""
    module = sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", "")))
    path = getattr(module, "__file__", "") or ""
    name = settings.DATABASES.get("default", {}).get("NAME") or ""
    return f"{path} {name}".strip()


def _forget() -> None:
    """Let a child look for itself: the lock stayed with its parent."""
    global _lock  # noqa: PLW0603 - it may have been held in the moment of the fork
    _lock = Lock()
    for descriptor in _files.values():
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
