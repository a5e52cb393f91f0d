"""A ready-made dashboard of the site itself: requests, queries, processes, and the live engine.

``INSTALLED_APPS += ["dashboards.contrib.system"]``; for figures of requests also
``MIDDLEWARE = ["dashboards.contrib.system.middleware.RequestCounterMiddleware", …]``.
"""
