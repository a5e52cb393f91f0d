"""Writes one version of a channel: its row, and the rows of its frames."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, connections, transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from dashboards.live.wire.frames import Points
from dashboards.live.wire.positions import MAX_VERSION, Position, new_epoch
from dashboards.models import Channel
from dashboards.models import Frame as FrameRow

_NO_SERIES: Mapping[str, Any] = {"last": 0, "kept": 0, "base": None}
_MAX_STATEMENT = 1_000_000
"""Characters of data in one statement. By default MariaDB takes 16 MB, with every quote escaped."""
_MAX_NUMBER = 2**52
"""The highest number of a point. Up to here the numbers of browsers are exact."""


def next_version(using: str, channel: str) -> Channel:
    """Move a channel to its next version, and return its row. Create the row if there is none."""
    now = timezone.now()
    rows = Channel.objects.using(using).filter(name=channel)
    undamaged = rows.filter(version__range=(0, MAX_VERSION - 1))
    if not undamaged.update(version=F("version") + 1, updated_at=now):
        try:
            with transaction.atomic(using=using):
                return Channel.objects.using(using).create(
                    name=channel, epoch=new_epoch(), version=1, updated_at=now
                )
        except IntegrityError:
            # Another process has just created it, or its version is damaged.
            if not undamaged.update(version=F("version") + 1, updated_at=now):
                rows.update(version=1, epoch=new_epoch(), updated_at=now)
                FrameRow.objects.using(using).filter(channel_id=channel).update(version=1)
    row = rows.get()
    if Position.read(row.epoch, row.version) is None:
        row.epoch = new_epoch()
        row.save(using=using, update_fields=["epoch"])
    return row


def write_frames(using: str, row: Channel, frames: Mapping[str, str | Points]) -> None:
    """Write frames under the version of a channel's row."""
    rows = [
        FrameRow(channel=row, key=key, version=row.version, data=data)
        for key, data in frames.items()
        if isinstance(data, str)
    ]
    if series := {key: data for key, data in frames.items() if isinstance(data, Points)}:
        rows += _append(using, row, series)
    for some in _in_portions(rows):
        FrameRow.objects.using(using).bulk_create(
            some,
            update_conflicts=True,
            # MySQL and MariaDB find the conflicting key themselves, and refuse to be given one.
            unique_fields=(
                ["channel", "key", "number"]
                if connections[using].features.supports_update_conflicts_with_target
                else None
            ),
            update_fields=["version", "keep", "data"],
        )


def _append(using: str, row: Channel, series: Mapping[str, Points]) -> Iterator[FrameRow]:
    """Return the rows of new points and of new bases. Delete the points that are not kept."""
    mine = FrameRow.objects.using(using).filter(channel=row)
    whole = Q(number=0)
    known = (
        # A row that is newer than its channel is damaged.
        mine.filter(key__in=series, version__lte=row.version)
        .values("key")
        .annotate(
            last=Max("number"), kept=Max("keep", filter=whole), base=Max("data", filter=whole)
        )
    )
    stand: dict[str, Any] = {each["key"]: each for each in known}
    for key, points in series.items():
        its = stand.get(key, _NO_SERIES)
        if not (isinstance(its["last"], int) and its["last"] < _MAX_NUMBER):
            its = _NO_SERIES
        last = its["last"]
        if its["base"] != points.base or not its["kept"]:
            old = mine.filter(key=key, number__gt=0)
            if its["kept"]:
                # A subscriber that gets a base gets all of its points.
                old.update(version=row.version)
            else:
                # Left by a series that became a whole state.
                delete(using, old)
            yield FrameRow(
                channel=row, key=key, keep=points.keep, version=row.version, data=points.base
            )
        newest = last + len(points.items)
        items = points.items[-points.keep :]
        if newest > points.keep:
            delete(using, mine.filter(key=key, number__range=(1, newest - points.keep)))
        for number, item in enumerate(items, newest - len(items) + 1):
            yield FrameRow(
                channel=row,
                key=key,
                number=number,
                keep=points.keep,
                version=row.version,
                data=item,
            )


def begin_new_epoch(using: str, channel: str, keys: Collection[str]) -> None:
    """Delete frames that cannot be read, and begin a new epoch."""
    with transaction.atomic(using=using):
        Channel.objects.using(using).filter(name=channel).update(epoch=new_epoch())
        delete(using, get_frames(using, channel, keys))


def get_frames(using: str, channel: str, keys: Collection[str]) -> QuerySet[FrameRow]:
    """Return the rows of some keys of a channel."""
    return FrameRow.objects.using(using).filter(channel_id=channel, key__in=keys)


def delete(using: str, rows: QuerySet[FrameRow]) -> None:
    """Delete rows without reading them: some cannot be read, and others are large.

    If a project has a receiver for the deletions of all models, ``QuerySet.delete()`` reads each
    row first.
    """
    rows._raw_delete(using)  # noqa: SLF001 - Django's own, for rows without references to them


def _in_portions(rows: Sequence[FrameRow]) -> Iterator[list[FrameRow]]:
    """Divide rows among statements: MySQL and MariaDB disconnect if one is too long."""
    portion: list[FrameRow] = []
    length = 0
    for row in rows:
        if portion and length + len(row.data) > _MAX_STATEMENT:
            yield portion
            portion, length = [], 0
        portion.append(row)
        length += len(row.data)
    if portion:
        yield portion
