"""Decides when live values are computed, and by which process, and shows those that fail."""
