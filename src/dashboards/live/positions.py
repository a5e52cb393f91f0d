"""How far a reader is, as it travels: in the page, as ``id:`` and as ``Last-Event-ID``.

Pure: standard library only.
"""

import re
import secrets
from dataclasses import dataclass

_TOKEN = re.compile(r"([0-9a-z]{1,32})\.([0-9]{1,18})", re.ASCII)


def new_epoch() -> str:
    """Return an epoch that was never used before."""
    return secrets.token_hex(6)


@dataclass(frozen=True, slots=True)
class Position:
    """An epoch, which names one life of a channel, and a version within it."""

    epoch: str
    version: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.version}"

    @classmethod
    def parse(cls, token: str | None) -> "Position | None":
        """Read a token that a client sent.

        Anything malformed is ``None``: a position nobody knows, answered with the whole state.
        """
        match = _TOKEN.fullmatch(token or "")
        return cls(match[1], int(match[2])) if match else None

    def knows(self, other: "Position | None") -> bool:
        """Whether a channel that stands here can say what changed since ``other``."""
        return other is not None and other.epoch == self.epoch and other.version <= self.version
