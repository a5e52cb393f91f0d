"""From the store to the open streams of one process."""
