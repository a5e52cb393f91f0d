"""Who loses access, and how every open stream is told."""
