"""The transport: live state to pages. It has never heard of dashboards.

This is the door: ``from dashboards.live import Every, push``.
"""

from dashboards.live.publish import apush, push
from dashboards.live.revocation import arevoke, revoke
from dashboards.live.triggers import Every, OnChange

__all__ = ["Every", "OnChange", "apush", "arevoke", "push", "revoke"]
