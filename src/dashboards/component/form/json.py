"""The JSON responses of a form."""

from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.forms import BaseForm
from django.http import HttpRequest, JsonResponse


def wants_json(request: HttpRequest) -> bool:
    """Return True if the client prefers JSON to HTML."""
    # Scripts with this header, such as jQuery's, often send no Accept header.
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return "text/html" not in request.headers.get("Accept", "")
    kinds = ["text/html", "application/json"]
    return request.get_preferred_type(kinds) == "application/json"


def make_json_response(form: BaseForm, result: Any) -> JsonResponse:
    """Return the result with status 200, or the form's errors with status 400."""
    if form.errors:
        return JsonResponse(form.errors.get_json_data(), status=400)
    return JsonResponse({"success": True, "result": result}, encoder=_Encoder)


class _Encoder(DjangoJSONEncoder):
    """Encodes model objects as primary key and text, and files as their names."""

    def default(self, o: Any) -> Any:
        if isinstance(o, Model):
            return {"pk": o.pk, "text": str(o)}
        if isinstance(o, UploadedFile):
            return o.name
        if isinstance(o, Mapping):
            return dict(o)
        try:
            return super().default(o)
        except TypeError:
            return list(o) if hasattr(o, "__iter__") else str(o)
