"""Errors of users: one line that names the key, the rule and the value."""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import NoReturn

from agents.runtime.storage import printable

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
LONGEST = 2_000  # characters of a line


class UsageError(Exception):
    """A bad value; the message is the line."""


def fail(message: str, status: int = 2) -> NoReturn:
    """Print one line and end: with status 2 for a bad value, 1 for a fault of the machine."""
    print(f"error: {printable(message, LONGEST)}", file=sys.stderr)
    raise SystemExit(status)


def told(error: Exception, directory: Path) -> str:
    """Return what an error says; a full disk that names no file is told with the places that a command in a directory writes to."""
    if isinstance(error, OSError) and error.errno in FULL and error.filename is None:
        return f"{directory} and the cache of compiled kernels must be places that can be written, got {error.strerror}"
    return str(error)
