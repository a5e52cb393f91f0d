"""Counts the values of one reader in the bytes of its connection."""

from array import array

from bench.sites.marks import MARK

# An event ends with an empty line, and so does the chunk that holds it.
_END = b"\n\n\r\n"


class Tally:
    """Counts the values of one stream. Their numbers rise; one that does not is repeated."""

    __slots__ = ("_rest", "newest", "newest_ns", "reads", "repeated", "values")

    def __init__(self) -> None:
        self._rest = b""
        self.newest = 0
        self.newest_ns = 0
        self.reset()

    def reset(self) -> None:
        """Reset the counts."""
        self.values = 0
        self.repeated = 0
        self.reads = 0
        # No value is shown yet whose age could count.
        self.newest_ns = 0

    def take(self, data: bytes, now: int, ages: "array[int]") -> int:
        """Count the values in bytes; return the age of the value that they replace, or 0.

        Args:
            data: what one read from the socket gave.
            now: the clock, in nanoseconds.
            ages: takes the age of every value on its arrival.
        """
        if self._rest:
            data = self._rest + data
            self._rest = b""
        if not data.endswith(_END):
            cut = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
            data, self._rest = data[:cut], data[cut:]
        marks = MARK.findall(data)
        if not marks:
            return 0
        self.reads += 1
        shown = now - self.newest_ns if self.newest_ns else 0
        for digits, pushed in marks:
            number = int(digits)
            if number <= self.newest:
                self.repeated += 1
                continue
            self.newest = number
            self.newest_ns = int(pushed)
            self.values += 1
            ages.append(now - self.newest_ns)
        return shown
