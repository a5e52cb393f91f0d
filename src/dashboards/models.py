"""What the database store keeps: live channels, their frames, and leases. Nothing else."""

from django.db import models


class Channel(models.Model):
    """Who sees the same updates. Its version grows by one with every put."""

    name = models.CharField(max_length=255, primary_key=True)
    # Drawn when the row is made, so that a row made anew is never taken for the old one.
    epoch = models.CharField(max_length=32)
    version = models.PositiveBigIntegerField()
    updated_at = models.DateTimeField()

    class Meta:
        """Named in the tongue of the design."""

        verbose_name = "live channel"

    def __str__(self) -> str:
        return f"{self.name} at {self.epoch}.{self.version}"


class Frame(models.Model):
    """The newest rendering of one live component."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="frames")
    key = models.CharField(max_length=255)
    version = models.PositiveBigIntegerField()
    data = models.TextField()

    class Meta:
        """One row a component; read by "what changed since"."""

        verbose_name = "live frame"
        constraints = (
            models.UniqueConstraint(fields=["channel", "key"], name="dashboards_frame_once"),
        )
        indexes = (models.Index(fields=["channel", "version"], name="dashboards_frame_since"),)

    def __str__(self) -> str:
        return f"{self.key} at {self.version}"


class Lease(models.Model):
    """Who claimed a piece of work holds it until then (seconds since 1970)."""

    name = models.CharField(max_length=255, primary_key=True)
    until = models.FloatField()

    class Meta:
        """Kept apart from channels, which must not change when work is claimed."""

        verbose_name = "live lease"

    def __str__(self) -> str:
        return self.name
