"""The dashboard inside the frame of the admin."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from dashboards.contrib.system.dashboards import System
from dashboards.contrib.system.models import SystemPage


@admin.register(SystemPage)
class SystemAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows the dashboard where the admin shows a list of objects."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return True if the user may open the dashboard."""
        return System.allows(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Return True if the user may open the dashboard."""
        return System.allows(request)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return False: there are no objects."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Return False: there are no objects."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Return False: there are no objects."""
        return False

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Render the dashboard inside the admin's frame."""
        if not System.allows(request):
            raise PermissionDenied
        dashboard = System(request)
        context = {
            **self.admin_site.each_context(request),
            "title": dashboard.heading,
            "dashboard": dashboard,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "dashboards/system/admin.html", context)
