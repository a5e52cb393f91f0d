"""The fixtures of Chromium."""

from tests.chromium import browser, context, page

__all__ = ["browser", "context", "page"]
