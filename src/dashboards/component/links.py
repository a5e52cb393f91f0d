"""Where links lead: the one door for every address that a declaration or a value brings."""

import logging
import re
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from dashboards.exceptions import ComponentValueError, DeclarationError

logger = logging.getLogger("dashboards")

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""The schemes that a link may have. A relative address has none, nor has ``//host/path``."""

_VIEW_NAME = re.compile(r"[\w.-]+(:[\w.-]+)*")
# Browsers skip control characters where they read a scheme, and blanks before it.
_SKIPPED = re.compile(r"[\x00-\x20\x7f-\xa0]")
_SCHEME = re.compile(r"([^/?#]*?):")


@dataclass(frozen=True)
class CTA:
    """A link that calls to action.

    Args:
        href: where it leads: an address, the name of a view such as
            ``"dashboards:shop_operations"``, a dashboard class (or an instance, where it is about
            an object), any object that has a ``get_absolute_url``, or a function that gets the
            object that the dashboard is about and returns one of these. A link is left out where
            its address is neither relative nor of http, https, mailto or tel.
        text: the words that are clicked.
        dashboard: the dotted path of a dashboard class to lead to, in place of ``href``.

    Raises:
        DeclarationError: it leads nowhere, or to two places.
    """

    href: Any = None
    text: str = "Find out more"
    dashboard: str | None = None

    def __post_init__(self) -> None:
        """Check that it leads somewhere."""
        if (self.href is None) == (self.dashboard is None):
            msg = f"A CTA leads to either href or dashboard, got {self!r}."
            raise DeclarationError(msg)

    def get_target(self) -> Any:
        """Return where it leads, as ``links.resolve_url`` takes it.

        Raises:
            ImportError: there is nothing at the path of ``dashboard``.
        """
        return self.href if self.dashboard is None else import_string(self.dashboard)


def resolve_url(target: Any, about: Any = None) -> str:
    """Return the address that a link leads to.

    Args:
        target: an address, the name of a view such as ``"home"`` or
            ``"dashboards:shop_operations"``, what has a ``get_absolute_url`` (a dashboard class
            or instance, a model's object), or a function that gets ``about`` and returns these.
        about: the object that the dashboard is about, for a class that is about one, too.

    Raises:
        ComponentValueError: the address has a scheme that is not in ``SCHEMES``, such as
            ``javascript:``.
    """
    address = _find(target, about)
    scheme = _SCHEME.match(_SKIPPED.sub("", address))
    if scheme and scheme[1].lower() not in SCHEMES:
        msg = (
            f"A link must lead to a relative address, or to one that begins with "
            f"{', '.join(f'{each}:' for each in sorted(SCHEMES))}; got {address!r:.200}."
        )
        raise ComponentValueError(msg)
    return address


def resolve_link(target: Any, about: Any = None) -> str | None:
    """Return the address as ``resolve_url`` does; ``None`` where that refuses it.

    For links beside other content, which is shown without the link. The log says so.
    """
    try:
        return resolve_url(target, about)
    except ComponentValueError as error:
        logger.warning("%s", error, extra={"event": "address_refused"})
        return None


def _find(target: Any, about: Any) -> str:
    if isinstance(target, type) and hasattr(target, "without_components"):
        # Its __init__, which may need a request, has no part in where it is.
        return str(target.without_components(object=about).get_absolute_url())
    if isinstance(target, FunctionType):
        return _find(target(about), None)
    if hasattr(target, "get_absolute_url"):
        return str(target.get_absolute_url())
    address = str(target)
    if _VIEW_NAME.fullmatch(address):
        try:
            return reverse(address)
        except NoReverseMatch:
            pass  # "tel:112" is no view, nor is "report.pdf".
    return address
