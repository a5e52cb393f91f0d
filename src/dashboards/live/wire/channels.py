"""Names of channels: quoted and bounded, so that every store and protocol can carry them.

Pure: standard library only.
"""

from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

_MAX_LENGTH = 120


@lru_cache(1_000)
def channel_name(
    label: str,
    *,
    object: str | None = None,  # noqa: A002 - the word for it everywhere
    user: str | None = None,
) -> str:
    """Return the name of a channel: a dashboard's, of one object, for one user.

    All characters of the parts except letters, digits, ``_``, ``.`` and ``-`` are quoted. So two
    lists of parts never have one name, and a name has no colon and no space. A long name is cut,
    and ends with its digest.

    Args:
        label: the dashboard's label.
        object: the primary key of the object as text, for a dashboard of one object.
        user: the primary key of the user as text, for a dashboard of one user.
    """
    name = quote(label, safe="")
    if object is not None:
        name += f"/{_quote(object)}"
    if user is not None:
        name += f"@{_quote(user)}"
    if len(name) <= _MAX_LENGTH:
        return name
    return f"{name[: _MAX_LENGTH - 65]}!{sha256(name.encode()).hexdigest()}"


def _quote(part: str) -> str:
    # "~" is the only other character that quote() keeps. Quoted too, it is free for later use.
    # A lone surrogate, which UTF-8 cannot encode, is quoted like any other character.
    return quote(part, safe="", errors="surrogatepass").replace("~", "%7E")
