"""Work that a run kept: taken when it is what was written, else done again.

A file may be whole and still not hold what belongs there: another program wrote it, somebody edited it, a disk returned something else.
It is set aside under a name that ends in ``.damaged``, never overwritten, and a warning is logged (to standard error by default).
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

Content = TypeVar("Content")
DAMAGES = (
    OSError,
    ValueError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RecursionError,
    OverflowError,
)  # what reading wrong contents may raise


def kept(path: Path | None, read: Callable[[Path], Content]) -> Content | None:
    """Return what a file holds; None if there is no file, or a damaged one, which is set aside.

    Args:
        path: of the file; None where nothing is kept.
        read: returns the content; may raise any of ``DAMAGES``.
    """
    if path is None or not path.exists():
        return None
    try:
        return read(path)
    except DAMAGES as error:
        with suppress(OSError):  # where it cannot be renamed it cannot be written either, and that is told then
            os.replace(path, path.with_name(path.name + ".damaged"))
        text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        logging.getLogger(__name__).warning("%s is damaged (%s): set aside as %s.damaged, its part is done again", path, text, path.name)
        return None


def must(fits: bool, rule: str) -> None:
    """Refuse contents.

    Raises:
        ValueError: they do not fit.
    """
    if not fits:
        raise ValueError(rule)


def finite(x: Any) -> bool:
    """Say whether something read is a number, and neither NaN nor infinite."""
    return type(x) in (int, float) and math.isfinite(x)
