"""Tests that every store must pass. Needs pytest and pytest-asyncio."""
