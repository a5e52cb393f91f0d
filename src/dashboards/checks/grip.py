"""Checks of the GRIP proxies that are configured."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

from dashboards.live.grip import proxies


@register("dashboards")
def check_grip(**kwargs: Any) -> Sequence[CheckMessage]:  # noqa: ARG001
    """Check that each GRIP proxy of the settings can be used."""
    if not proxies.is_configured():
        return ()
    if not proxies.INSTALLED:
        return [
            Error(
                "A GRIP proxy is configured, but django-grip is not installed.",
                hint='pip install "django-live-dashboards[grip]"',
                id="dashboards.E021",
            )
        ]
    messages: list[CheckMessage] = []
    if not any(each.endswith("GripMiddleware") for each in settings.MIDDLEWARE):
        messages.append(
            Warning(
                "A GRIP proxy is configured, but GripMiddleware is not in MIDDLEWARE: the proxy "
                "holds no streams.",
                hint='Put "django_grip.GripMiddleware" first into MIDDLEWARE.',
                id="dashboards.W020",
            )
        )
    if getattr(settings, "GRIP_URL", None) and getattr(settings, "GRIP_PROXIES", None):
        messages.append(
            Warning(
                "Both GRIP_URL and GRIP_PROXIES are set: django-grip adds the one to the other "
                "again with every request.",
                hint="Write the proxy of GRIP_URL as an entry of GRIP_PROXIES.",
                id="dashboards.W025",
            )
        )
    for entry in proxies.configured():
        messages += _check_proxy(entry)
    return messages


def _check_proxy(entry: Mapping[str, Any]) -> Iterator[CheckMessage]:
    name = entry.get("control_uri") or entry.get("control_zmq_uri")
    if "key" not in entry and "verify_key" in entry:
        yield Error(
            f"The GRIP proxy {name} has a key to verify with and no `key`: django-grip answers "
            "500 to every request that it passes on.",
            hint=(
                "Pushpin has one key for both: give its sig_key as `key`, by "
                "GRIP_URL = 'http://localhost:5561?key=…' or in GRIP_PROXIES, and leave out "
                "GRIP_VERIFY_KEY."
            ),
            id="dashboards.E023",
        )
    elif "key" not in entry and not settings.DEBUG:
        yield Warning(
            f"The GRIP proxy {name} has no key, so anybody can pass for it: its requests are not "
            "verified.",
            hint=(
                "Give Pushpin's sig_key as `key`: GRIP_URL = 'http://localhost:5561?key=…'. "
                "Fastly's public key is GRIP_VERIFY_KEY."
            ),
            id="dashboards.W022",
        )
    if "control_zmq_uri" in entry and not proxies.ZMQ_INSTALLED:
        instead = "by HTTP, more slowly" if "control_uri" in entry else "not at all"
        yield Warning(
            f"control_zmq_uri of the GRIP proxy {name} needs the packages pyzmq and tnetstring3; "
            f"without them it is published {instead}.",
            hint='pip install "django-live-dashboards[grip]"',
            id="dashboards.W024",
        )
