"""Names of channels: quoted and bounded, so that every store and every wire can carry them.

Pure: standard library only.
"""

from hashlib import sha256
from urllib.parse import quote

_MAX_LENGTH = 120


def channel_name(label: str, *, about: object = None, user: object = None) -> str:
    """Return the name of a channel: a dashboard's, of one object, for one user.

    What is not a letter, digit, ``_``, ``.`` or ``-`` of the parts is quoted, so no two of them
    can make one name between them, and a name has no colon and no space. A long one is cut, and
    told apart by its digest.

    Args:
        label: the dashboard's.
        about: the primary key of the object, where it is about one.
        user: the primary key of the user, where it is for one.
    """
    name = quote(label, safe="")
    if about is not None:
        name += f"/{_quote(about)}"
    if user is not None:
        name += f"@{_quote(user)}"
    if len(name) <= _MAX_LENGTH:
        return name
    return f"{name[: _MAX_LENGTH - 65]}!{sha256(name.encode()).hexdigest()}"


def _quote(part: object) -> str:
    # "~" is the one other character that quote leaves; quoted too, it is free for later use.
    # A lone surrogate, which UTF-8 does not have, is quoted like any other character.
    return quote(str(part), safe="", errors="surrogatepass").replace("~", "%7E")
