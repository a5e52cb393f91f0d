"""The Django app."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules

from dashboards.compat import MENU_MODULES


class DashboardsConfig(AppConfig):
    """Discovers the ``dashboards.py`` and ``menus.py`` of apps, and connects signals."""

    name = "dashboards"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks, dashboards, menus, signals and finders."""
        # Imported here: these modules need the app registry, which is ready only now.
        from dashboards import checks  # noqa: F401, PLC0415 - registers them
        from dashboards.live.grip import publisher  # noqa: PLC0415
        from dashboards.menus.registry import menu_registry  # noqa: PLC0415
        from dashboards.registry import registry  # noqa: PLC0415

        autodiscover_modules("dashboards", register_to=registry)
        autodiscover_modules("menus", *MENU_MODULES, register_to=menu_registry)
        publisher.connect()
        if "django.contrib.auth" in settings.INSTALLED_APPS:
            from dashboards.live.access import signals  # noqa: PLC0415

            signals.connect()
            if "django_eventstream" in settings.INSTALLED_APPS:
                from dashboards import eventstream  # noqa: PLC0415

                eventstream.connect()
        if "django.contrib.staticfiles" in settings.INSTALLED_APPS:
            from dashboards.finders import with_package_finders  # noqa: PLC0415

            settings.STATICFILES_FINDERS = with_package_finders(settings.STATICFILES_FINDERS)
