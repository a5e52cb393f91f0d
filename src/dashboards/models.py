"""What the database store keeps: live channels, their frames, and leases. Nothing else."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class ExactCharField(models.CharField):  # type: ignore[type-arg]
    """Tells apart whatever differs: case and accents too, as other databases do unasked."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        """Collate by code point on MySQL and MariaDB."""
        parameters: dict[str, Any] = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


class Channel(models.Model):
    """Who sees the same updates. Its version grows by one with every put."""

    name = ExactCharField(max_length=255, primary_key=True)
    # Drawn when the row is made, so that a row made anew is never taken for the old one.
    epoch = ExactCharField(max_length=32)
    version = models.PositiveBigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        """Named in the tongue of the design."""

        verbose_name = "live channel"

    def __str__(self) -> str:
        return f"{self.name} at {self.epoch}.{self.version}"


class Frame(models.Model):
    """The newest rendering of one live component, or a point of a series."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="frames")
    key = ExactCharField(max_length=255)
    # 0 for a whole state; points are numbered from 1, and of them the newest are kept.
    number = models.PositiveBigIntegerField(default=0)
    keep = models.PositiveIntegerField(default=0)
    version = models.PositiveBigIntegerField()
    data = models.TextField()

    class Meta:
        """One row a component or point; read by "what changed since"."""

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
    """Who claimed a piece of work holds it until then (seconds since 1970)."""

    name = ExactCharField(max_length=255, primary_key=True)
    holder = ExactCharField(max_length=32)
    # For which state of things the work is done; empty while it is being done.
    input_version = models.TextField()
    until = models.FloatField()

    class Meta:
        """Kept apart from channels, which must not change when work is claimed."""

        verbose_name = "live lease"

    def __str__(self) -> str:
        return f"{self.name}"
