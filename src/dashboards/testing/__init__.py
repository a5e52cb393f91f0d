"""For tests: what every store must pass. Needs pytest and pytest-asyncio."""
