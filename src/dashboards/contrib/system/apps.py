"""The Django app."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy


class SystemConfig(AppConfig):
    """Counts database queries, and registers the dashboard, its check, and its admin page."""

    name = "dashboards.contrib.system"
    label = "dashboards_system"
    verbose_name = gettext_lazy("System")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the counter of queries, and register the check."""
        # Imported here: these modules need the app registry, which is ready only now.
        from dashboards.contrib.system.checks import check_middleware  # noqa: PLC0415
        from dashboards.contrib.system.queries import count_queries  # noqa: PLC0415

        connection_created.connect(count_queries, dispatch_uid="dashboards.contrib.system")
        register("dashboards")(check_middleware)
