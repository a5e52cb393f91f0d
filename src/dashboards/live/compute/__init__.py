"""When live values are computed, by whom, and what becomes of those that fail."""
