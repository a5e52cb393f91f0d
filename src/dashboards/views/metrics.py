"""The metrics of this process, for staff."""

import os

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from dashboards.live.metrics import OPENMETRICS_TYPE, get_metrics, openmetrics


@method_decorator(never_cache, name="dispatch")
class MetricsView(View):
    """Serves the metrics of this process's streams to staff: as JSON or as OpenMetrics text.

    The answer is OpenMetrics for ``?format=openmetrics``, and for clients that accept it, such as
    Prometheus.
    """

    http_method_names = ["get", "head", "options"]  # noqa: RUF012 - as Django declares it

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer 403 unless the user is active and staff."""
        user = getattr(request, "user", None)
        # Compared with True: a project's own user model may have methods of these names.
        if not all(getattr(user, name, False) is True for name in ("is_active", "is_staff")):
            raise PermissionDenied
        wanted = request.GET.get("format")
        accepts = "application/openmetrics-text" in request.headers.get("Accept", "")
        if wanted == "openmetrics" or (wanted is None and accepts):
            return HttpResponse(openmetrics(), content_type=OPENMETRICS_TYPE)
        return JsonResponse({"pid": os.getpid(), **get_metrics()})
