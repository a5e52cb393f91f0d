"""Links: every address of a declaration or a value is resolved and checked here."""

import logging
import re
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from dashboards.exceptions import ComponentValueError, DeclarationError
from dashboards.texts import StrOrPromise

logger = logging.getLogger("dashboards")

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""The schemes that a link may have. A relative address and ``//host/path`` have none."""

_VIEW_NAME = re.compile(r"[\w.-]+(:[\w.-]+)*")
# Browsers ignore control characters in a scheme, and blanks before it.
_SKIPPED = re.compile(r"[\x00-\x20\x7f-\xa0]")
_SCHEME = re.compile(r"([^/?#]*?):")


@dataclass(frozen=True)
class CTA:
    """A link that calls to action.

    Args:
        href: the target: an address, the name of a view such as
            ``"dashboards:shop_operations"``, a dashboard class (or an instance, if it has an
            object), any object that has a ``get_absolute_url``, or a function that gets the
            object of the dashboard and returns one of these. A link is left out if its address is
            neither relative nor of http, https, mailto or tel.
        text: the text of the link.
        dashboard: the dotted path of a dashboard class, in place of ``href``.

    Raises:
        DeclarationError: it has neither ``href`` nor ``dashboard``, or both.
    """

    href: Any = None
    text: StrOrPromise = "Find out more"
    dashboard: str | None = None

    def __post_init__(self) -> None:
        """Check that it has one target."""
        if (self.href is None) == (self.dashboard is None):
            msg = f"A CTA leads to either href or dashboard, got {self!r}."
            raise DeclarationError(msg)

    def get_target(self) -> Any:
        """Return its target for ``resolve_url``.

        Raises:
            ImportError: ``dashboard`` is the path of nothing.
        """
        return self.href if self.dashboard is None else import_string(self.dashboard)


def resolve_url(target: Any, instance: Any = None) -> str:
    """Return the address of a link.

    Args:
        target: an address, the name of a view such as ``"home"`` or
            ``"dashboards:shop_operations"``, an object with ``get_absolute_url`` (a dashboard class
            or instance, a model's object), or a function that gets ``instance`` and returns one of
            these.
        instance: the object of the dashboard; a dashboard class gets it, too.

    Raises:
        ComponentValueError: the address has a scheme that is not in ``SCHEMES``, such as
            ``javascript:``.
    """
    address = _find(target, instance)
    scheme = _SCHEME.match(_SKIPPED.sub("", address))
    if scheme and scheme[1].lower() not in SCHEMES:
        msg = (
            f"A link must lead to a relative address, or to one that begins with "
            f"{', '.join(f'{each}:' for each in sorted(SCHEMES))}; got {address!r:.200}."
        )
        raise ComponentValueError(msg)
    return address


def resolve_link(target: Any, instance: Any = None) -> str | None:
    """Return the address as ``resolve_url`` does; if that refuses it, log that and return ``None``.

    For links beside other content, which is shown without the link.
    """
    try:
        return resolve_url(target, instance)
    except ComponentValueError as error:
        logger.warning("%s", error, extra={"event": "address_refused"})
        return None


def _find(target: Any, instance: Any) -> str:
    if isinstance(target, type) and hasattr(target, "without_components"):
        # Its __init__ is not called: it may need a request, and the address does not depend on it.
        return str(target.without_components(object=instance).get_absolute_url())
    if isinstance(target, FunctionType):
        return _find(target(instance), None)
    if hasattr(target, "get_absolute_url"):
        return str(target.get_absolute_url())
    address = str(target)
    if _VIEW_NAME.fullmatch(address):
        try:
            return reverse(address)
        except NoReverseMatch:
            pass  # "tel:112" and "report.pdf" are addresses, not views.
    return address
