"""A table as a CSV file, written row by row, in which no text becomes a spreadsheet formula."""

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

_CHUNK_ROWS = 500

# A spreadsheet may split a file at other separators than the comma (a semicolon if the comma is
# the decimal sign): then quotes within a line do not keep a text together. It may also remove
# blanks. So a formula may begin at the start of a text and after each of these separators, behind
# blanks and quotes. The comma is not among them: if it separates, the quotes keep the text.
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
        request: the request; the file is read asynchronously for a request under ASGI.
        name: the file's name, without its extension.
        rows: the headings, then the rows.
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


class _Echo:
    """A file for ``csv.writer`` that returns each written line."""

    def write(self, text: str) -> str:
        return text


def _chunks(rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    writer: Any = csv.writer(_Echo())
    lines: Iterator[str] = (writer.writerow([_cell(value) for value in row]) for row in rows)
    # Excel recognises UTF-8 only by this first character.
    start = "\ufeff"
    while text := "".join(islice(lines, _CHUNK_ROWS)):
        # UTF-8 cannot encode a lone surrogate, which a file name may contain.
        yield (start + text).encode(errors="replace")
        start = ""


async def _from_threads(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    # Under ASGI Django reads a synchronous iterator to its end before it sends anything.
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
        return text  # A negative number begins with a minus, but is not a formula.
    return disarm(text)


def disarm(text: str) -> str:
    """Return a text with ``'`` before each part that a spreadsheet would take for a formula."""
    disarmed = _BEGINS_FORMULA.sub(r"\1'", text)
    return f"'{disarmed}" if disarmed.startswith(_BREAKS) else disarmed
