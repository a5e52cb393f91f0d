"""The subjects of streams and revocations: users, sessions, dashboards and objects.

A *subject* is a text such as ``user:5``. Each stream has several. A key in the channel of
revocations is one subject, or several that are joined: it concerns the streams that have all of
them.

Pure: standard library only.
"""

from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import quote, unquote

ALL_USERS = "*"
"""The subject of every stream that belongs to a session or to a signed-in user."""

_USER = "user:"
_SESSION = "session:"
_OBJECT = "object:"
_DASHBOARD = "dashboard:"
# Most specific first: a proxy is made to request the streams of the first.
_ORDER = (_USER, _SESSION, _OBJECT, _DASHBOARD)
_JOINT = " "


def user_subject(pk: object) -> str:
    """Return the subject of a user, by primary key."""
    return f"{_USER}{quote(str(pk), safe='')}"


def get_user_pk(subject: str) -> str:
    """Return the primary key of a user's subject, as text."""
    return unquote(subject.removeprefix(_USER))


def session_subject(key: str) -> str:
    """Return the subject of a session: a digest, because a session's key is secret.

    It has 16 bits, so that the store never keeps more than 65,536 of them. If two sessions have the
    same, the streams of both end when one session ends; those of the other reconnect.
    """
    return f"{_SESSION}{_digest(key)[:4]}"


def dashboard_subject(label: str) -> str:
    """Return the subject of a dashboard, by its label."""
    return f"{_DASHBOARD}{quote(label, safe='.')}"


def is_dashboard(subject: str) -> bool:
    """Return True if a subject is that of a dashboard."""
    return subject.startswith(_DASHBOARD)


def is_user(subject: str) -> bool:
    """Return True if a subject is that of a user."""
    return subject.startswith(_USER)


def object_subjects(obj: Any) -> tuple[str, ...]:
    """Return the subjects of an object: one, or one for each of several base models.

    An object has the same subject as an instance of its model, of a proxy, a parent or a child. It
    is a digest of 12 bits, as ``session_subject`` is one of 16.

    Args:
        obj: a model's object, or any other object of a dashboard.
    """
    meta = getattr(obj, "_meta", None)
    if meta is None:
        names = [f"{type(obj).__qualname__}:{getattr(obj, 'pk', obj)}"]
    else:
        concrete = meta.concrete_model
        lineage = [concrete, *(each._meta.concrete_model for each in concrete._meta.all_parents)]  # noqa: SLF001 - public by custom
        roots = dict.fromkeys(each for each in lineage if not each._meta.all_parents)  # noqa: SLF001
        names = [f"{each._meta.label}:{getattr(obj, each._meta.pk.attname)}" for each in roots]  # noqa: SLF001
    return tuple(f"{_OBJECT}{_digest(name)[:3]}" for name in names)


def join(subjects: Iterable[str]) -> str:
    """Return the key of a revocation that concerns the streams which have all of the subjects."""
    return _JOINT.join(sorted(set(subjects), key=_rank))


def first_of(key: str) -> str:
    """Return the subject of a key that the fewest streams have."""
    return key.partition(_JOINT)[0]


def is_personal(key: str) -> bool:
    """Return True if a key concerns only streams of users and sessions, as ``*`` does."""
    return key.startswith((_USER, _SESSION, ALL_USERS))


class Revoked:
    """A set of revocations.

    Args:
        keys: their keys.
    """

    def __init__(self, keys: Collection[str]) -> None:
        self._single = {key for key in keys if _JOINT not in key}
        self._joined = [frozenset(key.split(_JOINT)) for key in keys if _JOINT in key]

    def __bool__(self) -> bool:
        return bool(self._single or self._joined)

    def concerns(self, subjects: Collection[str]) -> bool:
        """Return True if a stream with these subjects may have lost access."""
        return not self._single.isdisjoint(subjects) or any(
            joined.issubset(subjects) for joined in self._joined
        )


def _digest(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()


def _rank(subject: str) -> tuple[int, str]:
    kinds = (i for i, each in enumerate(_ORDER) if subject.startswith(each))
    return next(kinds, len(_ORDER)), subject
