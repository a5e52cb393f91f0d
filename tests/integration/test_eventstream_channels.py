"""Permissions of django-eventstream's channels, and the checks of their settings."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.core.checks import Warning, run_checks  # noqa: A004
from django.http import HttpRequest
from django.test import RequestFactory
from django_eventstream import utils, views
from pytest_django import Settings

from dashboards import eventstream
from dashboards.checks import eventstream as event_checks
from dashboards.component import Stat
from dashboards.dashboard import Dashboard, ModelDashboard
from dashboards.eventstream import DashboardChannelManager, get_channels
from dashboards.exceptions import DeclarationError
from dashboards.permissions import BasePermission, IsAdminUser, IsAuthenticated
from dashboards.registry import Registry
from tests.harness import Site, Stream
from tests.integration.test_lost_access import log_in


class Listener(views.Listener):  # type: ignore[misc] # brings no types
    """A stream of django-eventstream that is held in this process."""

    def __init__(self, user_id: int, channel: str) -> None:
        super().__init__()
        self.user_id, self.channels = user_id, {channel}

    def wake_threadsafe(self) -> None:
        """Do nothing: no other thread waits."""


MEMBER, STAFF = User(username="member"), User(username="staff", is_staff=True)
MANAGER = "dashboards.eventstream.DashboardChannelManager"


class Orders(Dashboard):
    open = Stat()

    class Meta:
        app_label = "shop"
        permission_classes = (IsAuthenticated,)
        event_channels = ("orders", "shared")


class Takings(Dashboard):
    class Meta:
        app_label = "shop"
        permission_classes = (IsAdminUser,)
        event_channels = ("shared",)


class Divided(Dashboard):
    """Public, except for one component."""

    open = Stat()
    secret = Stat(permission_classes=[IsAdminUser])

    class Meta:
        app_label = "shop"


class Mine(Dashboard):
    class Meta:
        app_label = "shop"
        audience = "user"


class About(ModelDashboard):
    class Meta:
        app_label = "shop"
        model = User


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    registry = Registry()
    for dashboard in (Orders, Takings, Divided, Mine, About):
        registry.register(dashboard)
    monkeypatch.setattr(eventstream, "registry", registry)
    monkeypatch.setattr(event_checks, "registry", registry)
    # Of an app that the test site does not install.
    eventstream.connect()
    yield registry
    user_logged_out.disconnect(dispatch_uid="dashboards.eventstream")


@pytest.mark.parametrize(
    ("channel", "readers"),
    [
        ("orders", [MEMBER, STAFF]),
        ("shop_orders", [MEMBER, STAFF]),
        ("shop_orders-open", [MEMBER, STAFF]),
        ("shop_takings", [STAFF]),
        # Its events may belong to either dashboard.
        ("shared", [STAFF]),
        ("shop_divided-open", [None, MEMBER, STAFF]),
        # Regression: anonymous users read the events of a component hidden from them, because only
        # the dashboard's permission was checked.
        ("shop_divided-secret", [STAFF]),
        # Its events may belong to any component.
        ("shop_divided", [STAFF]),
        # They would reach other users, or viewers of other objects.
        ("shop_mine", []),
        ("shop_about", []),
        # Of no dashboard: django-eventstream's default applies.
        ("weather", [None, MEMBER, STAFF]),
        ("shop_orders-unknown", [None, MEMBER, STAFF]),
    ],
)
def test_channel_readable_with_permission_for_its_dashboards(channel: str, readers: list[Any]):
    manager = DashboardChannelManager()

    allowed = [user for user in (None, MEMBER, STAFF) if manager.can_read_channel(user, channel)]

    assert allowed == readers


def test_named_channel_readable_only_with_permission_for_every_component(registry: Registry):
    @registry.register
    class Named(Divided):
        class Meta:
            event_channels = ("named",)

    manager = DashboardChannelManager()

    assert not manager.can_read_channel(MEMBER, "named")
    assert manager.can_read_channel(STAFF, "named")


def test_channel_permission_gets_request_with_user(registry: Registry):
    checked_requests: list[HttpRequest] = []

    class Recorder(BasePermission):
        def has_permission(self, request: HttpRequest) -> bool:
            checked_requests.append(request)
            return False

    @registry.register
    class Asked(Dashboard):
        class Meta:
            app_label = "shop"
            permission_classes = (Recorder,)

    manager = DashboardChannelManager()
    assert not manager.can_read_channel(MEMBER, "shop_asked")
    assert not manager.can_read_channel(None, "shop_asked")
    member, nobody = checked_requests
    assert member.user is MEMBER
    assert nobody.user.is_anonymous
    assert member.method == "GET"


def test_event_channels_are_named_and_own():
    assert get_channels(Orders) == {"orders", "shared", "shop_orders", "shop_orders-open"}


@pytest.mark.parametrize("wrong", ["orders", [""], [7], {"orders": 1}, None], ids=repr)
def test_meta_event_channels_accepts_list(wrong: Any):
    with pytest.raises(DeclarationError) as raised:

        class Wrong(Dashboard):
            class Meta:
                event_channels = wrong

    assert str(raised.value) == f"Wrong.Meta.event_channels must be a list of names, got {wrong!r}."


@pytest.mark.parametrize(
    ("base", "divided"), [(Dashboard, {"audience": "user"}), (ModelDashboard, {"model": User})]
)
def test_event_channels_with_audience_or_object_refused(
    base: type[Dashboard], divided: dict[str, Any]
):
    with pytest.raises(DeclarationError) as raised:
        type("Wrong", (base,), {"Meta": type("Meta", (), {**divided, "event_channels": ["x"]})})

    assert str(raised.value) == (
        "Wrong.Meta.event_channels cannot be used here, because each user or object has values of "
        "its own, and a channel sends its events to all: use dashboards.live.push."
    )


@pytest.fixture
def installed(settings: Settings, registry: Registry) -> Settings:
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_eventstream"]
    settings.EVENTSTREAM_CHANNELMANAGER_CLASS = MANAGER
    return settings


def found(number: str) -> list[Any]:
    return [each for each in run_checks() if each.id == f"dashboards.{number}"]


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:8000", "https://example.org", "*", ["http://a:1", "https://b"], "", []],
    ids=repr,
)
def test_valid_origins_pass_check(installed: Settings, origin: Any):
    installed.EVENTSTREAM_ALLOW_ORIGIN = origin

    assert found("W030") == []


@pytest.mark.parametrize(
    "origin",
    ["127.0.0.1:8000", "http://127.0.0.1:8000/", "https://example.org/shop", "localhost", 8000],
    ids=repr,
)
@pytest.mark.parametrize("as_list", [False, True])
def test_invalid_origin_warns_w030(installed: Settings, origin: Any, as_list: bool):
    name = "EVENTSTREAM_ALLOW_ORIGINS" if as_list else "EVENTSTREAM_ALLOW_ORIGIN"
    setattr(installed, name, ["https://example.org", origin] if as_list else origin)

    assert found("W030") == [
        Warning(
            f"{name} holds {origin!r}, which is the origin of no page.",
            hint=(
                'Write scheme, host and port as the browser shows them, with no "/" at the end: '
                '"http://127.0.0.1:8000".'
            ),
            id="dashboards.W030",
        )
    ]


@pytest.mark.parametrize(
    "manager", ["", "no.such.Manager", "django_eventstream.channelmanager.DefaultChannelManager"]
)
def test_public_named_channels_warn_w031(installed: Settings, manager: str):
    installed.EVENTSTREAM_CHANNELMANAGER_CLASS = manager

    assert found("W031")[0] == Warning(
        "Orders.Meta.event_channels names 'orders', 'shared', but users who may not open "
        "Orders can read them, too.",
        hint=(
            "Set EVENTSTREAM_CHANNELMANAGER_CLASS = "
            '"dashboards.eventstream.DashboardChannelManager".'
        ),
        id="dashboards.W031",
    )
    assert len(found("W031")) == 2


def test_channels_with_dashboards_manager_pass_check(installed: Settings):
    assert found("W031") == []


def test_checks_pass_without_django_eventstream(settings: Settings):
    settings.EVENTSTREAM_ALLOW_ORIGIN = "wrong"

    assert found("W030") == []
    assert found("W031") == []


@pytest.mark.django_db
def test_logout_ends_streams_of_every_event_channel(
    installed: Settings, monkeypatch: pytest.MonkeyPatch, rf: RequestFactory
):
    # A stream of django-eventstream checks permission only when it is opened. Regression: after
    # a logout it went on to send events for signed-in users.
    installed.EVENTSTREAM_CHANNELMANAGER_CLASS = MANAGER
    listeners = views.get_listener_manager()
    monkeypatch.setattr(listeners, "listeners_by_channel", {})
    published: list[tuple[Any, str]] = []
    monkeypatch.setattr(utils, "publish_kick", lambda *kick: published.append(kick))
    members, others = Listener(7, "shop_orders-open"), Listener(8, "shop_orders-open")
    for listener in (members, others):
        listeners.add_listener(listener)

    user_logged_out.send(User, request=rf.get("/"), user=User(pk=7))

    assert members.error["condition"] == "forbidden"
    assert not others.error
    assert {(7, "orders"), (7, "shop_orders-open"), (7, "shop_takings")} <= set(published)


@pytest.mark.django_db
@pytest.mark.parametrize("way", [{"is_active": False}, {"is_staff": False}, None], ids=str)
def test_stream_rechecked_uses_current_user(rf: RequestFactory, way: dict[str, bool] | None):
    user = User.objects.create(username="staff", is_staff=True)
    request = rf.get("/", {"channel": "shop_divided-secret"})
    request.user = user
    manager = DashboardChannelManager()
    (channel,) = manager.get_channels_for_request(request, {})
    assert manager.can_read_channel(user, channel)

    users = User.objects.filter(pk=user.pk)
    users.update(**way) if way else users.delete()

    assert not manager.can_read_channel(user, channel)
    assert manager.can_read_channel(user, "shop_divided-open")


@pytest.mark.django_db
def test_logout_keeps_streams_of_other_channel_manager(
    installed: Settings, monkeypatch: pytest.MonkeyPatch, rf: RequestFactory
):
    installed.EVENTSTREAM_CHANNELMANAGER_CLASS = (
        "django_eventstream.channelmanager.DefaultChannelManager"
    )
    published: list[Any] = []
    monkeypatch.setattr(utils, "publish_kick", lambda *kick: published.append(kick))

    user_logged_out.send(User, request=rf.get("/"), user=User(pk=7))
    user_logged_out.send(User, request=rf.get("/"), user=None)

    assert published == []


# Real streams

SECRET, OPEN = "site_mixed-secret", "site_mixed-open"


def listen(site: Site, channel: str, cookie: str = "") -> Stream:
    return site.open_stream(f"/events/?channel={channel}", Cookie=cookie)


def wait_until_held(stream: Stream) -> None:
    while stream._file.readline() != b"event: stream-open\n":
        pass


@pytest.fixture(scope="module")
def _held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"), TEST_EVENTSTREAM="1")
    yield site
    site.stop()


@pytest.fixture
def site(_held: Site) -> Site:
    """The test site with django-eventstream in it, which holds its streams itself."""
    _held.renew()
    return _held


@pytest.mark.parametrize("way", ["/logout/", f"/tell/{SECRET}/admin/"], ids=["logout", "revoked"])
def test_restricted_channel_stream_ends_when_user_loses_access(site: Site, way: str):
    """Regression: after a logout, a stream of django-eventstream was rechecked as the user it had
    been opened by. It was let in and went on to show values for staff only."""
    admin = log_in(site, "admin")
    site.get("/staff/other/1/")
    other = log_in(site, "other")
    with (
        listen(site, SECRET, admin) as ended,
        listen(site, f"{SECRET}&channel={OPEN}", other) as others,
        listen(site, OPEN) as anonymous,
        listen(site, SECRET) as refused,
    ):
        assert "forbidden" in refused.event()["data"]
        assert refused.event() == {}
        for stream in (ended, others, anonymous):
            wait_until_held(stream)
        site.get(f"/send/{SECRET}/before/")
        ended.until("before")
        others.until("before")

        site.get(way, Cookie=admin)
        site.get(f"/send/{SECRET}/after/")

        # Sent twice: when the stream is ended, and by the check that follows.
        while event := ended.event():
            assert "forbidden" in event["data"]
        # A stream with access is not interrupted.
        others.until("after")
        site.get(f"/send/{OPEN}/for-all/")
        anonymous.until("for-all")
    with listen(site, SECRET, admin) as again:
        assert "forbidden" in again.event()["data"]
        assert again.event() == {}


def test_stream_of_second_login_reconnects_after_logout_of_first(site: Site):
    first, second = log_in(site, "admin"), log_in(site, "admin")
    with listen(site, SECRET, second) as stream:
        wait_until_held(stream)
        site.get("/logout/", Cookie=first)
        while stream.event():
            pass
    with listen(site, SECRET, second) as stream:
        wait_until_held(stream)
        site.get(f"/send/{SECRET}/after/")
        stream.until("after")
