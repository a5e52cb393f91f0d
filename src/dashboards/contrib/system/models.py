"""A model without a table, so that the admin lists the dashboard among its pages."""

from django.db import models


class SystemPage(models.Model):
    """The entry of the admin's index that leads to the dashboard."""

    class Meta:
        """No table and no permissions: the dashboard's own permission classes decide."""

        managed = False
        default_permissions = ()
        verbose_name = "system"
        verbose_name_plural = "system"

    def __str__(self) -> str:
        return "System"
