"""Streams follow the login: who may lose access is asked anew within a moment.

The store keeps a channel of revocations, so that this is state like any other: a hub looks there
before it shows news to anybody who is signed in, whatever hints were lost. It ends the streams that
are concerned, and the pages that come back are let in or refused by the same permissions as ever.

Here is what Django tells of by signals. ``dashboards.live.revoke`` is for what else there is.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.http import HttpRequest
from django.utils import timezone

from dashboards.lineage import get_models_of_same_rows
from dashboards.live.access.revocations import revocations
from dashboards.live.access.subjects import ALL_USERS, session_subject, user_subject

_UID = "dashboards.live.access.signals"


def connect() -> None:
    """Watch logins, sessions, users, groups and their permissions."""
    user, group = get_user_model(), apps.get_model("auth", "Group")
    user_logged_in.connect(_logged_in, dispatch_uid=_UID)
    user_logged_out.connect(_logged_out, dispatch_uid=_UID)
    _watch(user, saved=_saved, deleted=_deleted)
    for relation in ("groups", "user_permissions"):
        if hasattr(user, relation):
            _watch_relation(getattr(user, relation).through, _regrouped)
    _watch(group, saved=_saved_for_everybody, deleted=_everybody)
    _watch(apps.get_model("auth", "Permission"), deleted=_everybody)
    _watch_relation(group.permissions.through, _everybody)
    for model in apps.get_models():
        if issubclass(model, AbstractBaseSession):
            _watch(model, deleted=_session_deleted)


def _watch(
    model: type[Model],
    *,
    deleted: Callable[..., None],
    saved: Callable[..., None] | None = None,
) -> None:
    """Hear of a model's rows, through whatever model they are saved or deleted."""
    for each in get_models_of_same_rows(model):
        post_delete.connect(deleted, sender=each, dispatch_uid=_UID)
        if saved is not None:
            post_save.connect(saved, sender=each, dispatch_uid=_UID)


def _watch_relation(through: type[Model], changed: Callable[..., None]) -> None:
    """Hear of a many-to-many relation; one with a model of its own is saved like any other."""
    m2m_changed.connect(changed, sender=through, dispatch_uid=_UID)
    if not through._meta.auto_created:  # noqa: SLF001 - public by custom
        _watch(through, saved=_everybody, deleted=_everybody)


def _end_streams(key: str, using: str | None = None) -> None:
    transaction.on_commit(partial(revocations.revoke, key), using=using)


def _has_rows(session: Any) -> bool:
    """Return True if sessions are kept by a model, whose signals tell when one is deleted."""
    return hasattr(session, "get_model_class")


def _logged_in(request: HttpRequest, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    session = getattr(request, "session", None)
    before = getattr(request, "COOKIES", {}).get(settings.SESSION_COOKIE_NAME)
    if not before or session is None or _has_rows(session):
        return  # Of rows in a database a signal says that they were deleted.
    if before != session.session_key:
        _end_streams(session_subject(before))


def _logged_out(
    request: HttpRequest | None,
    user: Model | None,
    **kwargs: Any,  # noqa: ARG001 - a receiver
) -> None:
    if user is None:
        return
    end = partial(_end_streams, user_subject(user.pk))
    session = getattr(request, "session", None)
    if session is None:
        # Packages that sign in by tokens send this signal too, with what request there is.
        end()
        return
    # Django tells before it flushes the session, and nobody after. A stream that came back in
    # between would be let in by the old session, and stay.
    flush, aflush = session.flush, session.aflush

    def flush_and_end() -> None:
        flush()
        end()

    async def aflush_and_end() -> None:
        await aflush()
        await sync_to_async(end)()

    session.flush, session.aflush = flush_and_end, aflush_and_end


def _session_deleted(instance: AbstractBaseSession, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    # Streams end with their session at the latest: "clearsessions" has nothing to tell.
    if instance.expire_date > timezone.now():
        _end_streams(session_subject(instance.session_key), using)


def _saved(
    instance: Model,
    *,
    created: bool,
    update_fields: frozenset[str] | None,
    using: str,
    **kwargs: Any,  # noqa: ARG001 - a receiver
) -> None:
    # Every login saves this one field, and changes nothing about access.
    if not created and update_fields != frozenset({"last_login"}):
        _end_streams(_user_subject(instance), using)


def _deleted(instance: Model, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    _end_streams(_user_subject(instance), using)


def _user_subject(instance: Model) -> str:
    """Return the subject of a user, who may be given as a parent or as a child of the model."""
    user = get_user_model()
    is_user = isinstance(instance, user)
    # A child may have a primary key of its own, beside the link to its parent.
    return user_subject(getattr(instance, user._meta.pk.attname) if is_user else instance.pk)  # noqa: SLF001 - public by custom


def _regrouped(instance: Model, *, reverse: bool, using: str, **kwargs: Any) -> None:
    if kwargs["action"].startswith("post_"):
        # Seen from a group, the users may be many, and on "clear" they are not named.
        _end_streams(ALL_USERS if reverse else _user_subject(instance), using)


def _saved_for_everybody(*, created: bool, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    if not created:
        _end_streams(ALL_USERS, using)


def _everybody(using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    _end_streams(ALL_USERS, using)
