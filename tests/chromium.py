"""Chromium, for the tests that open pages: a folder's conftest.py imports these fixtures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.harness import CHROMIUM, CHROMIUM_ARGUMENTS

# A busy machine takes longer than the five seconds that are usual.
expect.set_options(timeout=20_000)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context()
    yield context
    await context.close()


@asynccontextmanager
async def open_checked(context: BrowserContext) -> AsyncIterator[Page]:
    """Open a page, and fail if its console shows an error or a refusal."""
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.complaints = complaints  # type: ignore[attr-defined]
    yield page
    assert not complaints


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """A page that fails its test when the console shows an error or a refusal."""
    async with open_checked(context) as page:
        yield page
