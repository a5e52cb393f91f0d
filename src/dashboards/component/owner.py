"""The part of a dashboard that its bound components use."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.http import HttpRequest, QueryDict
from django.utils.safestring import SafeString

from dashboards.component.base import Bound
from dashboards.component.templates import Templates
from dashboards.live.wire.frames import Points


class Components(Protocol):
    """The components of a dashboard instance, by key."""

    def get_dependencies(self, key: str) -> Sequence[Bound]:
        """Return the components that name this one among their ``dependents``, hidden ones too."""

    def find(self, key: str) -> Bound | None:
        """Return a component; ``None`` if there is none, or the request may not see it."""


class Owner(Protocol):
    """The dashboard instance that a component is bound to."""

    request: HttpRequest | None
    object: Any

    @property
    def components(self) -> Components:
        """The components of the dashboard instance."""

    @property
    def user(self) -> Any:
        """The user that it is shown to; ``None`` if it is shown to all."""

    @property
    def filters(self) -> Mapping[str, Any]:
        """The filters of the page, by name."""

    @property
    def filterset(self) -> Any:
        """The ``FilterSet`` of the page; ``None`` if there is none."""

    @property
    def is_filtered(self) -> bool:
        """True if the request filters the page."""

    @property
    def kept(self) -> QueryDict:
        """The parameters of the request that addresses on its page repeat."""

    @property
    def query(self) -> str:
        """The query string of the requests for its components."""

    @property
    def dom_id(self) -> str:
        """The id of the dashboard's element."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """``settings.DASHBOARDS`` with its defaults, read once for the request."""

    @property
    def templates(self) -> Templates:
        """The templates of its request."""

    @property
    def transactions(self) -> Sequence[str]:
        """The aliases of databases in which the request has a transaction open."""

    def get_absolute_url(self) -> str:
        """Return the page's address."""

    def get_component_url(self, key: str) -> str:
        """Return the address that a component loads from."""

    def get_component_args(self, key: str) -> list[Any]:
        """Return the arguments that tell the address of a component from others, in their order."""

    def get_batch_url(self) -> str:
        """Return the address that several components load from."""

    def render_content(self, key: str) -> SafeString | None:
        """Render the content of a component's box; ``None`` if the page must load it later."""

    def get_stored_frame(self, key: str, *, is_restricted: bool) -> str | None:
        """Return the newest frame of a component in the store; ``None`` if there is none.

        Args:
            key: the component's key.
            is_restricted: True for a value that was pushed to a restricted component.
        """

    def get_state(self, event: str) -> str:
        """Return the state of a shared value as HTML; empty if the value is fresh."""

    def note_error(self, event: str, error: Exception) -> None:
        """Store the text of an error of a shared value, for viewers who may read it."""

    def store_restricted(self, key: str, frame: str | Points) -> None:
        """Store the frame of a restricted component on a channel that has no streams."""

    def refresh_from_db(self) -> None:
        """Read the dashboard's object and user anew."""
