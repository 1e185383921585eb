"""Fixtures of all tests in a browser."""

from tests.agents.page.test_browser import browser, serving, tab

__all__ = ["browser", "serving", "tab"]
