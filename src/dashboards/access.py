"""Streams follow the login: who may lose access is asked anew within a moment.

The store keeps a channel of who may have lost access, so that this is state like any other: a hub
looks there before it shows news to anybody who is signed in, whatever hints were lost. It ends the
user's streams, and the pages that come back are let in or refused by the same permissions as ever.
"""

from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.http import HttpRequest

from dashboards.live.hold import EVERYBODY, identify
from dashboards.live.revocation import revocations


def connect() -> None:
    """Watch logins, users, groups and their permissions."""
    user = get_user_model()
    user_logged_out.connect(_logged_out, dispatch_uid="dashboards.access")
    post_save.connect(_saved, sender=user, dispatch_uid="dashboards.access")
    post_delete.connect(_deleted, sender=user, dispatch_uid="dashboards.access")
    for relation in ("groups", "user_permissions"):
        if hasattr(user, relation):
            through = getattr(user, relation).through
            m2m_changed.connect(_regrouped, sender=through, dispatch_uid="dashboards.access")
    group = apps.get_model("auth", "Group")
    for signal, sender in ((m2m_changed, group.permissions.through), (post_delete, group)):
        signal.connect(_everybody, sender=sender, dispatch_uid="dashboards.access")


def _end_streams(who: str, using: str | None = None) -> None:
    transaction.on_commit(partial(revocations.revoke, who), using=using)


def _logged_out(
    request: HttpRequest | None,
    user: Model | None,
    **kwargs: Any,  # noqa: ARG001 - a receiver
) -> None:
    if user is None:
        return
    end = partial(_end_streams, identify(user.pk))
    session = getattr(request, "session", None)
    if session is None:
        # Whoever signs in by a token sends this signal too, with what request there is.
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
        _end_streams(identify(instance.pk), using)


def _deleted(instance: Model, using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    _end_streams(identify(instance.pk), using)


def _regrouped(instance: Model, *, reverse: bool, using: str, **kwargs: Any) -> None:
    if kwargs["action"].startswith("post_"):
        # Seen from a group, the users may be many, and on "clear" they are not named.
        _end_streams(EVERYBODY if reverse else identify(instance.pk), using)


def _everybody(using: str, **kwargs: Any) -> None:  # noqa: ARG001 - a receiver
    _end_streams(EVERYBODY, using)
