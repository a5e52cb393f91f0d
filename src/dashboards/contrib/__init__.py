"""Apps with ready-made dashboards. Each is one line in ``INSTALLED_APPS``."""
