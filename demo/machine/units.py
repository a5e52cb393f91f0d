"""Formats numbers with units. Their width changes little, so that figures do not move."""

# Between a number and its unit, to prevent a line break.
_SPACE = "\N{NO-BREAK SPACE}"


def rate(bytes_a_second: float) -> str:
    """Return bytes in powers of 1000, as is usual for networks and disks."""
    return f"{_scaled(bytes_a_second, 1000, ('B', 'kB', 'MB', 'GB'))}/s"


def size(count: float) -> str:
    """Return bytes in powers of 1024, as is usual for memory."""
    return _scaled(count, 1024, ("B", "KiB", "MiB", "GiB", "TiB"))


def part(used: float, total: float) -> str:
    """Return a part of a whole in percent."""
    return f"{size(used)} of {size(total)}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days}{_SPACE}d {hours % 24}{_SPACE}h"
    if hours:
        return f"{hours}{_SPACE}h {minutes % 60}{_SPACE}min"
    return f"{minutes}{_SPACE}min"


def _scaled(number: float, base: int, units: tuple[str, ...]) -> str:
    for unit in units:
        if number < base or unit == units[-1]:
            digits = 0 if unit == units[0] or number >= 100 else 1
            return f"{number:.{digits}f}{_SPACE}{unit}"
        number /= base
    raise AssertionError(units)
