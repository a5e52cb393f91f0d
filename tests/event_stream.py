"""A parser of event streams by the WHATWG HTML standard, §9.2.6."""

import re
from dataclasses import dataclass, field


@dataclass
class Reader:
    """A client that gets only the bytes."""

    events: list[tuple[str, str]] = field(default_factory=list)
    last_event_id: str = ""
    retry: int | None = None

    def read(self, stream: bytes) -> "Reader":
        name, identifier = "", self.last_event_id
        data: list[str] = []
        # The text after the last line end is an incomplete line.
        for line in re.split("\r\n|\r|\n", stream.decode())[:-1]:
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not line:
                self.last_event_id = identifier
                if data:
                    self.events.append((name or "message", "\n".join(data)))
                name, data = "", []
            elif key == "event":
                name = value
            elif key == "data":
                data.append(value)
            elif key == "id" and "\0" not in value:
                identifier = value
            elif key == "retry" and value.isdecimal():
                self.retry = int(value)
        return self
