"""A table as a file: CSV, row by row, that a spreadsheet takes for text where it is text."""

import csv
import datetime as dt
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

_ROWS = 500
"""How many rows are written at a time."""

# A spreadsheet may cut a file at other separators than ours (a semicolon where the comma is the
# decimal sign), and then quotes within a line no longer hold text together. It may also cut off
# what is blank. So a formula may begin at the start of a text and after each of these, behind
# blanks and quotes. A comma is none of them: where it separates, our quotes hold.
_BEGINS_FORMULA = re.compile(
    r"""(^|[;\t|\r\n\v\f\x1c-\x1e\x85\u2028\u2029])"""
    r"""(?=[\s\x00-\x1f"\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠])"""  # noqa: RUF001
)
_BREAKS = ("\t", "\r", "\n")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def csv_response(
    request: HttpRequest | None, name: str, rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """Return rows as a file to download.

    Args:
        request: what asked for it; tells whether to be read in async code.
        name: the file's name, without its ending.
        rows: headings, then rows.
    """
    chunks = _chunks(rows)
    response = StreamingHttpResponse(
        _from_threads(chunks) if isinstance(request, ASGIRequest) else chunks,
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=f"{name}.csv"
    )
    return response


class _Line:
    """What ``csv.writer`` takes for a file: returns what is written."""

    def write(self, text: str) -> str:
        return text


def _chunks(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    writer: Any = csv.writer(_Line())
    lines: Iterator[str] = (writer.writerow([_cell(value) for value in row]) for row in rows)
    # Excel takes UTF-8 for what it is only where it begins so.
    start = "\ufeff"
    while text := "".join(islice(lines, _ROWS)):
        # A lone surrogate, which file names may have, is no text in UTF-8.
        yield (start + text).encode(errors="replace")
        start = ""


async def _from_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    # Django would read all of it before it sends any.
    while chunk := await sync_to_async(_next)(chunks):
        yield chunk


def _next(chunks: Iterator[bytes]) -> bytes:
    return next(chunks, b"")


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.isoformat(sep=" ")
    text = str(value)
    if isinstance(value, int | float | Decimal) and _NUMBER.fullmatch(text):
        return text  # A number is no formula, negative or not.
    return disarm(text)


def disarm(text: str) -> str:
    """Return text in which no spreadsheet finds a formula: ``'`` stands before each."""
    disarmed = _BEGINS_FORMULA.sub(r"\1'", text)
    return f"'{disarmed}" if disarmed.startswith(_BREAKS) else disarmed
