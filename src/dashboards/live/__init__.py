"""The transport of live state to pages. It imports nothing of dashboards and components.

Import the public names from here: ``from dashboards.live import Every, push``.
"""

from dashboards.live.access.revocations import arevoke, revoke
from dashboards.live.compute.triggers import Every, OnChange
from dashboards.live.publish import apush, push

__all__ = ["Every", "OnChange", "apush", "arevoke", "push", "revoke"]
