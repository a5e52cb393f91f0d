"""Revoke access when Django signals a logout, or a change of a user, session, group or permission.

Revocations are state in the store like any other: a hub reads them before it sends an update to a
signed-in viewer, even if all notifications were lost. It ends the streams that they concern. The
pages reconnect, and the usual permissions let them in or refuse them.

``dashboards.live.revoke`` is for changes of which Django sends no signal.
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
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.http import HttpRequest
from django.utils import timezone

from dashboards.live.access.revocations import revocations
from dashboards.live.access.subjects import ALL_USERS, session_subject, user_subject
from dashboards.live.commits import on_commit
from dashboards.model_inheritance import get_models_of_same_rows

_UID = "dashboards.live.access.signals"


def connect() -> None:
    """Connect the signals of logins, sessions, users, groups and their permissions."""
    user, group = get_user_model(), apps.get_model("auth", "Group")
    user_logged_in.connect(_logged_in, dispatch_uid=_UID)
    user_logged_out.connect(_logged_out, dispatch_uid=_UID)
    _watch(user, saved=_saved, deleted=_deleted)
    for relation in ("groups", "user_permissions"):
        if hasattr(user, relation):
            _watch_relation(getattr(user, relation).through, _groups_changed)
    _watch(group, saved=_group_saved, deleted=_access_changed)
    _watch(apps.get_model("auth", "Permission"), deleted=_access_changed)
    _watch_relation(group.permissions.through, _access_changed)
    for model in apps.get_models():
        if issubclass(model, AbstractBaseSession):
            _watch(model, deleted=_session_deleted)


def _watch(
    model: type[Model],
    *,
    deleted: Callable[..., None],
    saved: Callable[..., None] | None = None,
) -> None:
    """Connect the signals of a model, and of all models that share its rows."""
    for each in get_models_of_same_rows(model):
        post_delete.connect(deleted, sender=each, dispatch_uid=_UID)
        if saved is not None:
            post_save.connect(saved, sender=each, dispatch_uid=_UID)


def _watch_relation(through: type[Model], changed: Callable[..., None]) -> None:
    """Connect the signals of a many-to-many relation, also if it has a model of its own."""
    m2m_changed.connect(changed, sender=through, dispatch_uid=_UID)
    if not through._meta.auto_created:  # noqa: SLF001 - public by custom
        _watch(through, saved=_access_changed, deleted=_access_changed)


def _revoke(key: str, using: str | None = None) -> None:
    on_commit(partial(revocations.revoke, key), using)


def _has_rows(session: Any) -> bool:
    """Return True if sessions are rows of a model, which sends a signal when one is deleted."""
    return hasattr(session, "get_model_class")


def _logged_in(request: HttpRequest, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    session = getattr(request, "session", None)
    before = getattr(request, "COOKIES", {}).get(settings.SESSION_COOKIE_NAME)
    if not before or session is None or _has_rows(session):
        return  # ``_session_deleted`` is called for a row.
    if before != session.session_key:
        _revoke(session_subject(before))


def _logged_out(
    request: HttpRequest | None,
    user: Model | None,
    **kwargs: Any,  # noqa: ARG001 - a receiver
) -> None:
    if user is None:
        return
    revoke_user = partial(_revoke, user_subject(user.pk))
    session = getattr(request, "session", None)
    if session is None:
        # Packages that sign in by tokens send this signal too, with any request or None.
        revoke_user()
    else:
        _call_after_flush(session, revoke_user)


def _call_after_flush(session: Any, function: Callable[[], None]) -> None:
    """Call a function after the session's next flush, by replacing ``flush`` on this instance.

    Django sends ``user_logged_out`` before it flushes the session, and no signal after it. Access
    that is revoked before the flush is not gone yet: a page that reconnects in between is let in
    by the old session, and its stream stays open. Sessions that are rows send a signal when theirs
    is deleted, but ``cached_db`` still has it in the cache then, and other engines send none.
    ``transaction.on_commit`` calls at once outside a transaction, and a middleware would miss a
    logout outside a request. So this is the one place of the package that replaces a method of a
    foreign object: of one session instance, which ends with its request.
    """
    flush, aflush = session.flush, session.aflush

    def flush_and_call() -> None:
        flush()
        function()

    async def aflush_and_call() -> None:
        await aflush()
        await sync_to_async(function)()

    session.flush, session.aflush = flush_and_call, aflush_and_call


def _session_deleted(instance: AbstractBaseSession, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    # A stream ends when its session expires. So "clearsessions" revokes nothing.
    if instance.expire_date > timezone.now():
        _revoke(session_subject(instance.session_key), using)


def _saved(
    instance: Model,
    *,
    created: bool,
    update_fields: frozenset[str] | None,
    using: str,
    **kwargs: Any,  # noqa: ARG001 - a receiver
) -> None:
    # Every login saves this one field, which changes no access.
    if not created and update_fields != frozenset({"last_login"}):
        _revoke(_user_subject(instance), using)


def _deleted(instance: Model, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    _revoke(_user_subject(instance), using)


def _user_subject(instance: Model) -> str:
    """Return the subject of a user, given as an object of the user model, a parent or a child."""
    user = get_user_model()
    is_user = isinstance(instance, user)
    # A child may have a primary key of its own, beside the link to its parent.
    return user_subject(getattr(instance, user._meta.pk.attname) if is_user else instance.pk)  # noqa: SLF001 - public by custom


def _groups_changed(instance: Model, *, reverse: bool, using: str, **kwargs: Any) -> None:
    if kwargs["action"].startswith("post_"):
        # A change from the group's side may concern many users, and "clear" does not name them.
        _revoke(ALL_USERS if reverse else _user_subject(instance), using)


def _group_saved(*, created: bool, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    if not created:
        _revoke(ALL_USERS, using)


def _access_changed(using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    _revoke(ALL_USERS, using)
