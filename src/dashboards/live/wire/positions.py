"""Positions of subscribers, as sent in the page, as ``id:`` and as ``Last-Event-ID``.

Pure: standard library only.
"""

import re
import secrets
from dataclasses import dataclass

_TOKEN = re.compile(r"([0-9a-z]{1,32})\.([0-9]{1,18})", re.ASCII)


MAX_VERSION = 10**18 - 1
"""The most digits that a token may have; below the limit of a database's big integer."""


def new_epoch() -> str:
    """Return an epoch that was never used before."""
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class Position:
    """An epoch, which identifies one lifetime of a channel, and a version within it."""

    epoch: str
    version: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.version}"

    @classmethod
    def parse(cls, token: str | None) -> "Position | None":
        """Parse a token that a client sent.

        A malformed token is ``None``, which is answered with the whole state.
        """
        match = _TOKEN.fullmatch(token or "")
        return cls(match[1], int(match[2])) if match else None

    @classmethod
    def read(cls, epoch: object, version: object) -> "Position | None":
        """Return the position that is kept in a store; ``None`` if it is damaged.

        Args:
            epoch: 1 to 32 lower-case letters and digits.
            version: from 1 to ``MAX_VERSION``.
        """
        if not (isinstance(version, int) and 1 <= version <= MAX_VERSION):
            return None
        return cls.parse(f"{epoch}.{version}")

    def knows(self, other: "Position | None") -> bool:
        """Return True if a channel at this position can tell what changed since ``other``."""
        return other is not None and other.epoch == self.epoch and other.version <= self.version
