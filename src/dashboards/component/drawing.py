"""The base class of components that a script draws from JSON, such as charts."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from numbers import Integral
from typing import Any, ClassVar, Self

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.safestring import SafeString, mark_safe

from dashboards.component.base import Bound, Component
from dashboards.component.conversion import as_scalar, is_missing, shorten
from dashboards.component.formats import absolute, is_finite, is_number
from dashboards.exceptions import ComponentValueError, DeclarationError

# With these escaped, JSON cannot end the <script> element that holds it.
_ESCAPES = {ord(character): f"\\u{ord(character):04X}" for character in "<>&"}


class Data(SafeString):
    """JSON text that is safe inside ``<script>``.

    Args:
        text: the text, not escaped yet.
        is_empty: True if it contains nothing to draw: then the box shows "No data".
    """

    is_empty: bool

    def __new__(cls, text: str, *, is_empty: bool) -> Self:
        """Escape the text."""
        data = super().__new__(cls, escape(text))
        data.is_empty = is_empty
        return data


def escape(text: str) -> SafeString:
    """Return JSON text that is safe inside ``<script>``."""
    return mark_safe(text.translate(_ESCAPES))  # noqa: S308 - escaped in this line


@dataclass
class Drawing(Component):
    """A box that a custom element of your own draws from a value in JSON.

    A subclass names its ``element``, and the ``scripts`` that define it::

        @dataclass
        class Bars(Drawing):
            element = "shop-bars"
            scripts = (*Drawing.scripts, "shop/bars.js")

    The script defines a class that extends ``dashboards.Drawing`` and has a method ``draw(value,
    surface)``. It is called with the first value, with each new one (at most once an animation
    frame), and when the page changes to light or dark. The value may be anything that Django can
    encode as JSON, with dates, decimals, UUIDs and translated texts; and scalars and arrays of
    NumPy and pandas. NaN, the infinities and NaT, which JSON does not have, become ``null``.
    """

    template: str = "dashboards/components/drawing.html"

    element: ClassVar[str] = ""
    """The name of the custom element."""

    scripts: ClassVar[Sequence[str]] = ("dashboards/js/drawing.js",)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check that browsers accept the element's name.

        Raises:
            DeclarationError: the name has no hyphen, or a character that is not allowed.
        """
        super().__init_subclass__(**kwargs)
        name = cls.element
        if "-" not in name or not name.replace("-", "").isalnum() or name != name.lower():
            msg = (
                f"{cls.__name__}.element must be the name of a custom element, in lower case and "
                f'with a hyphen, such as "shop-bars"; got {name!r}.'
            )
            raise DeclarationError(msg)

    def is_empty(self, value: Any) -> bool:
        """Return True if there is nothing to draw: by default for an empty list, dict or text."""
        return isinstance(value, Sequence | Mapping) and not value

    def prepare_value(self, value: Any, bound: Bound | None = None) -> Data | None:  # noqa: ARG002 - for subclasses
        """Return the value as JSON text that is safe inside ``<script>``.

        Raises:
            ComponentValueError: it cannot be encoded as JSON.
        """
        if value is None:
            return None
        try:
            plain = _as_plain(value)
            text = json.dumps(plain, cls=DjangoJSONEncoder, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            kind, got = type(self).__name__, shorten(value)
            msg = f"A {kind}'s value must be one for JSON, got {got}: {error}."
            raise ComponentValueError(msg) from error
        return Data(text, is_empty=self.is_empty(plain))


def _as_plain(value: Any) -> Any:
    """Return a value made of the types that Django's JSON encoder supports.

    Raises:
        TypeError: it contains an integer that a browser would read as infinite.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {key: _as_plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | range):
        return [_as_plain(each) for each in value]
    if is_number(value) or is_missing(value):
        return _as_number(value)
    if hasattr(value, "tolist"):
        # An array or a scalar of NumPy, or a series of pandas.
        scalar = as_scalar(value)
        return _as_plain(value.tolist() if scalar is value else scalar)
    return value


def _as_number(value: Any) -> Any:
    """Return a number that JSON can contain; ``None`` for NaN, NaT and the infinities."""
    if is_missing(value) or not is_finite(value):
        return None
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, Integral):
        return float(value)
    if absolute(value) > sys.float_info.max:
        msg = f"{shorten(value)} is larger than any number that a browser knows"
        raise TypeError(msg)
    return int(value)
