"""The cells of a table: what one shows, its HTML attributes and its link."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Model
from django.template.defaultfilters import yesno
from django.utils import formats, timezone
from django.utils.html import format_html, strip_tags
from django.utils.safestring import SafeString
from django_tables2.columns.base import LinkTransform
from django_tables2.utils import Accessor, AttributeDict, computed_values

from dashboards.component.conversion import as_text
from dashboards.component.formats import format_value
from dashboards.component.links import resolve_link

NUMBER_CLASS = "dashboards-number"
_NUMBER_ATTRS = {"class": NUMBER_CLASS}
_NUMBER_HTML = SafeString(f' class="{NUMBER_CLASS}"')
_NO_HTML = SafeString("")
_MISSING = "—"
_LONG = 40


@dataclass(frozen=True)
class Cell:
    """One cell.

    Args:
        value: what it shows. The template escapes it, unless the developer marked it safe.
        attrs: the HTML attributes of its element, with a space before each.
        is_number: True if it shows a number.
    """

    value: Any
    attrs: SafeString
    is_number: bool = False


@dataclass(frozen=True)
class Row:
    """One row.

    Args:
        cells: its cells, one for each column.
        attrs: the HTML attributes of its element, with a space before each.
    """

    cells: Sequence[Cell]
    attrs: SafeString


def make_cell(value: Any, attrs: dict[str, Any]) -> Cell:
    """Return the cell that shows a value; numbers and long texts get a CSS class.

    Raises:
        ComponentValueError: the value has no text.
    """
    is_number, shown = False, value
    if type(value) is not str or not value:  # Most cells are texts: they need no further calls.
        is_number, shown = _is_number(value), _as_shown(value)
    if is_number and not attrs.get("class"):
        attrs = {**attrs, "class": NUMBER_CLASS}
    elif isinstance(shown, str) and _is_long(shown):
        attrs = {**attrs, "class": f"{attrs.get('class') or ''} dashboards-long".strip()}
    return Cell(shown, attrs_html(attrs), is_number)


def make_footer_cell(value: Any, attrs: dict[str, Any]) -> Cell:
    """Return the cell that shows a column's footer."""
    if _is_number(value) and not attrs.get("class"):
        attrs = {**attrs, "class": NUMBER_CLASS}
    return Cell("" if value in (None, "") else _as_shown(value), attrs_html(attrs))


def read_display(accessor: Any, record: Any) -> Any:
    """Return a row's value; of a model field with choices, the choice's label."""
    owner, last = record, accessor
    if accessor.SEPARATOR in accessor and not isinstance(record, Mapping):
        owner, last = accessor.penultimate(record)
    if isinstance(owner, Model) and (display := getattr(owner, f"get_{last}_display", None)):
        return display()
    return accessor.resolve(record, quiet=True)


def attrs_html(attrs: Mapping[str, Any]) -> SafeString:
    """Return HTML attributes, with a space before each."""
    if not attrs:
        return _NO_HTML
    if attrs == _NUMBER_ATTRS:
        return _NUMBER_HTML
    html = AttributeDict(attrs).as_html()
    return format_html(" {}", html) if html else _NO_HTML


def make_safe_link(bound_column: Any) -> Any:
    """Return a column's link, or one that leaves out addresses that are not allowed.

    A column with ``linkify=True`` links to the object that its cell belongs to.
    """
    link = bound_column.link
    if not isinstance(link, LinkTransform):
        return link
    if link.url or link.reverse_args:
        return partial(_link_by_transform, link)
    return partial(_link_to_object, _get_owners(bound_column.accessor), link.attrs)


def make_row_link() -> Any:
    """Return a link to the page of the row's own object."""
    return partial(_link_to_object, (Accessor(""),), None)


def _get_owners(accessor: Any) -> Sequence[Any]:
    """Return accessors of a cell's value and of the objects it was read from, up to the row."""
    bits = accessor.bits
    return [Accessor(accessor.SEPARATOR.join(bits[:length])) for length in range(len(bits), -1, -1)]


def _link_to_object(
    owners: Sequence[Any], attrs: Any, content: Any, record: Any, **kwargs: Any
) -> Any:
    """Return the content as a link to the object it belongs to: for ``author__name`` the author."""
    for accessor in owners:
        target = accessor.resolve(record, quiet=True)
        if hasattr(target, "get_absolute_url"):
            break
    else:
        return content
    url = resolve_link(target.get_absolute_url() or "")
    if not url:
        return content
    own = computed_values(attrs, kwargs={"record": record, **kwargs}) if attrs else {}
    text = _as_shown(content)
    if not isinstance(text, str):
        is_aware = isinstance(text, dt.datetime) and timezone.is_aware(text)
        text = formats.localize(timezone.localtime(text) if is_aware else text)
    return format_html("<a{}>{}</a>", attrs_html({**own, "href": url}), text)


def _link_by_transform(link: LinkTransform, content: Any, **kwargs: Any) -> Any:
    """Return the link of django-tables2; the content alone if its address is not allowed."""
    url = link.compose_url(**kwargs)
    return content if url is not None and resolve_link(url) is None else link(content, **kwargs)


def _as_shown(value: Any) -> Any:
    """Return a value that the template can write: safe HTML, text, a number or a date.

    Raises:
        ComponentValueError: the value has no text.
    """
    value = as_text("Table", "cell", value)
    if value is None or (isinstance(value, str) and value == ""):
        return _MISSING
    if isinstance(value, bool):
        return yesno(value)
    if isinstance(value, str | dt.date | dt.time) or hasattr(value, "__html__"):
        return value
    if _is_number(value):
        return value
    return format_value(value) if isinstance(value, dt.timedelta) else str(value)


def _is_long(text: str) -> bool:
    """Return True if a text may be broken into several lines."""
    if len(text) <= _LONG:
        return False
    return len(strip_tags(text) if isinstance(text, SafeString) else text) > _LONG


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
