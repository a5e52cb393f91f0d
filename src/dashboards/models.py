"""The models of ``DatabaseStore``: live channels, their frames, and leases."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """A case- and accent-sensitive ``CharField``, on MySQL and MariaDB too."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Compare by code point on MySQL and MariaDB."""
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


class Channel(models.Model):
    """All who get the same updates. Its version grows by one with every put."""

    name = ExactCharField(max_length=255, primary_key=True)
    # Random for each new row, so that a new row is never mistaken for an earlier one.
    epoch = ExactCharField(max_length=32)
    version = models.PositiveBigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        """Options of the model."""

        verbose_name = "live channel"

    def __str__(self) -> str:
        return f"{self.name} at {self.epoch}.{self.version}"


class Frame(models.Model):
    """The newest rendering of one live component, or a point of a series."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="frames")
    key = ExactCharField(max_length=255)
    # 0 for a whole state; points are numbered from 1, and the newest of them are kept.
    number = models.PositiveBigIntegerField(default=0)
    keep = models.PositiveIntegerField(default=0)
    version = models.PositiveBigIntegerField()
    data = models.TextField()

    class Meta:
        """One row for each component or point, read by version."""

        verbose_name = "live frame"
        constraints = (
            models.UniqueConstraint(
                fields=["channel", "key", "number"], name="dashboards_frame_once"
            ),
        )
        indexes = (models.Index(fields=["channel", "version"], name="dashboards_frame_since"),)

    def __str__(self) -> str:
        return f"{self.key} at {self.version}"


class Lease(models.Model):
    """The lease of a piece of work, until a time in seconds since 1970."""

    name = ExactCharField(max_length=255, primary_key=True)
    holder = ExactCharField(max_length=32)
    # The input for which the work is done; empty while it is being done.
    input_version = models.TextField()
    until = models.FloatField()

    class Meta:
        """Not part of channels, whose version must not change when a lease is acquired."""

        verbose_name = "live lease"

    def __str__(self) -> str:
        return f"{self.name}"
