"""The stream transport inside an ASGI server: it keeps streams open after Django has answered.

In ``asgi.py``::

    from dashboards.live.asgi import LiveStreamMiddleware

    application = LiveStreamMiddleware(get_asgi_application())
"""

from dashboards.live.asgi.middleware import LiveStreamMiddleware

__all__ = ["LiveEdge", "LiveStreamMiddleware"]

LiveEdge = LiveStreamMiddleware
"""The name that was used before the first release; see ``dashboards.compat``."""
