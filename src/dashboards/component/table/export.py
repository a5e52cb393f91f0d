"""A table as a file: CSV, row by row, that a spreadsheet takes for text where it is text."""

import csv
import datetime as dt
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

# What a spreadsheet may take for the beginning of a formula, and their wide twins.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


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
        yield (start + text).encode()
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
    if isinstance(value, int | float | Decimal):
        return value  # A number is no formula, negative or not.
    if isinstance(value, dt.datetime):
        local = timezone.localtime(value) if timezone.is_aware(value) else value
        return local.isoformat(sep=" ")
    text = str(value)
    return f"'{text}" if text.startswith(_BEGINS_FORMULA) else text
