"""The URLs of a dashboard: its page, its components and its batch of components."""

from typing import Any

from django.urls import reverse

from dashboards.dashboard.binding import BaseDashboard


class URLMixin(BaseDashboard):
    """Names and builds the URLs of a dashboard."""

    @classmethod
    def get_url_name(cls) -> str:
        """Return the name that all its URLs in the namespace ``dashboards`` begin with."""
        return f"{cls.get_app_label()}_{cls.__name__.lower()}"

    @classmethod
    def get_page_url_name(cls) -> str:
        """Return the name of its page's URL in the namespace ``dashboards``."""
        return cls.get_url_name()

    @classmethod
    def get_route(cls) -> str:
        """Return the path of its page, as ``path()`` takes it."""
        return f"{cls.get_app_label()}/{cls.__name__.lower()}/"

    @classmethod
    def get_example_kwargs(cls) -> dict[str, Any]:
        """Return keyword arguments with which ``reverse()`` finds the URL of some page of it."""
        return {}

    def get_url_kwargs(self) -> dict[str, Any]:
        """Return the keyword arguments of its URLs."""
        return {}

    def get_absolute_url(self) -> str:
        """Return the URL of its page."""
        return reverse(f"dashboards:{self.get_page_url_name()}", kwargs=self.get_url_kwargs())

    def get_component_url(self, key: str) -> str:
        """Return the URL that a component loads from."""
        kwargs = {**self.get_url_kwargs(), "key": key}
        return reverse(f"dashboards:{self.get_url_name()}_component", kwargs=kwargs)

    def get_component_args(self, key: str) -> list[Any]:
        """Return the arguments that tell the URL of a component from others, in their order.

        These are the app's label, the dashboard's name, the object's if it has one, and the key.
        """
        name = type(self).__name__.lower()
        return [self.get_app_label(), name, *self.get_url_kwargs().values(), key]

    def get_batch_url(self) -> str:
        """Return the URL that several components load from, once their keys are added to it."""
        return reverse(f"dashboards:{self.get_url_name()}_batch", kwargs=self.get_url_kwargs())
