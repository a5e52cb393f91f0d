"""URLs of the test site with django-eventstream; anybody may request its channels."""

import django_eventstream
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests import urls


def send(request: HttpRequest, channel: str, text: str) -> HttpResponse:
    """Send an event in the process that holds the streams."""
    django_eventstream.send_event(channel, "message", text, json_encode=False)
    return HttpResponse()


def tell(request: HttpRequest, channel: str, username: str) -> HttpResponse:
    """Report a changed permission of a user, for changes without a signal."""
    get_user_model().objects.filter(username=username).update(is_staff=False)
    user = get_user_model().objects.get(username=username)
    django_eventstream.channel_permission_changed(user, channel)
    return HttpResponse()


urlpatterns = [
    path("events/", include(django_eventstream.urls)),
    path("send/<str:channel>/<str:text>/", send),
    path("tell/<str:channel>/<str:username>/", tell),
    *urls.urlpatterns,
]
