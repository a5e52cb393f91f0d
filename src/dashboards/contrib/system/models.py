"""A model without a table, so that the admin lists the dashboard among its pages."""

from django.db import models
from django.utils.translation import gettext, gettext_lazy


class _NoObjects(models.Manager["SystemPage"]):
    """Finds nothing without a query: the admin, ``dumpdata`` and others query each model."""

    def get_queryset(self) -> models.QuerySet["SystemPage"]:
        return super().get_queryset().none()


class SystemPage(models.Model):
    """The entry of the admin's index that leads to the dashboard."""

    objects = _NoObjects()

    class Meta:
        """No table and no permissions: the dashboard's own permission classes decide."""

        managed = False
        default_permissions = ()
        base_manager_name = "objects"
        verbose_name = gettext_lazy("system")
        verbose_name_plural = gettext_lazy("system")

    def __str__(self) -> str:
        return gettext("System")
