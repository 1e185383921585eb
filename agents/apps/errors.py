"""Errors of users: one line that names the key, the rule and the value."""

from __future__ import annotations

import sys
from typing import NoReturn

from agents.runtime.storage import printable

LONGEST = 2_000  # characters of a line


class UsageError(Exception):
    """A bad value; the message is the line."""


def fail(message: str, status: int = 2) -> NoReturn:
    """Print one line and end: with status 2 for a bad value, 1 for a fault of the machine."""
    print(f"error: {printable(message, LONGEST)}", file=sys.stderr)
    raise SystemExit(status)
