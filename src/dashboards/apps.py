"""The Django app."""

from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import autodiscover_modules


class DashboardsConfig(AppConfig):
    """Discovers ``dashboards.py`` and ``menus.py`` of apps, and makes packages' files findable."""

    name = "dashboards"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Discover, once all models are there."""
        # These need the app registry, which is ready only now.
        from dashboards import checks  # noqa: F401, PLC0415 - registers them
        from dashboards.live.grip import publisher  # noqa: PLC0415
        from dashboards.menus.registry import menu_registry  # noqa: PLC0415
        from dashboards.registry import registry  # noqa: PLC0415

        autodiscover_modules("dashboards", register_to=registry)
        # The second name is that of an older package.
        autodiscover_modules("menus", "dashboard_menu", register_to=menu_registry)
        publisher.connect()
        if "django.contrib.auth" in settings.INSTALLED_APPS:
            from dashboards.live.access import signals  # noqa: PLC0415

            signals.connect()
            if "django_eventstream" in settings.INSTALLED_APPS:
                from dashboards import eventstream  # noqa: PLC0415

                eventstream.connect()
        if "django.contrib.staticfiles" in settings.INSTALLED_APPS:
            from dashboards.finders import with_ours  # noqa: PLC0415

            # A finder can be named nowhere else, and a project shall have to set nothing but
            # INSTALLED_APPS. Finders are read from here at their first use, which is later.
            settings.STATICFILES_FINDERS = with_ours(settings.STATICFILES_FINDERS)
