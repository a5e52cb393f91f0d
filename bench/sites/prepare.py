"""Creates a site's database, signs a user in, and pushes: ``python -m bench.sites.prepare``.

Prints the session's key.
"""

import django
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command


def main() -> None:
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.auth.models import User  # noqa: PLC0415

    from bench.sites.ours import push_number  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    # A dashboard without a push is rare.
    push_number(0)
    user = User.objects.create_user("viewer")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    print(session.session_key)


if __name__ == "__main__":
    main()
