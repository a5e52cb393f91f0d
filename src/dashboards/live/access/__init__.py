"""Revoked access: what revokes it, the channel of the store, and the streams that it concerns.

``signals`` and ``revocations`` write revocations to the store. ``watch`` applies them to the
streams of a hub, and ``recent_revocations`` selects those that a GRIP proxy has to get.
"""
