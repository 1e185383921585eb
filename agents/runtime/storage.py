"""Read files as data, whoever wrote them. Load saved work; set a file aside if it fails its check and redo that part.

A file may be whole and still not hold what belongs there: another program wrote it, somebody edited it, a disk returned something else.
Saved work that fails its check is renamed to ``….damaged``, never overwritten, and a warning is logged (to standard error by default).

Every reader looks at a file's kind and size first, so that no file hangs or fills the memory, and raises OSError or ValueError only.
``agents.runtime.arrays`` reads arrays.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from games.files import read_text

Content = TypeVar("Content")
# What reading wrong contents may raise.
DAMAGES = (OSError, ValueError, EOFError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, MemoryError)
MOST_JSON_BYTES = 1 << 24
MOST_JSON_ITEMS = 1_000_000  # each takes some 100 bytes of memory
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+\\?(?:"|\Z)', re.DOTALL)  # of JSON; one without an end takes all the rest: no quote is read twice
MOST_DEPTH = 50  # of nested JSON
MOST_DIGITS = 40  # of a whole number: 128 bits, the state of a generator, have 39


def load_or_set_aside(path: Path | None, read: Callable[[Path], Content]) -> Content | None:
    """Return what ``read`` finds in a file; None if there is none, or a damaged one (it raises any of ``DAMAGES``), which is set aside."""
    if path is None or not os.path.lexists(path):
        return None
    try:
        return read(path)
    except DAMAGES as error:
        with suppress(OSError):  # where it cannot be renamed it cannot be written either, and that is told then
            os.replace(path, path.with_name(path.name + ".damaged"))
        text = printable(f"{type(error).__name__}: {error}", 200)
        where, name = printable(str(path)), printable(path.name)
        logging.getLogger(__name__).warning("%s is damaged (%s): set aside as %s.damaged, its part is done again", where, text, name)
        return None


def read_json(path: Path | str, limit: int = MOST_JSON_BYTES, follow: bool = False, items: int = MOST_JSON_ITEMS) -> Any:
    """Return a JSON file's content; see ``parse_json`` and ``games.files.read_bytes``.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: it is no regular file, too large, or no JSON of that kind.
    """
    return parse_json(read_text(path, limit, follow), items)


def parse_json(text: str, items: int = MOST_JSON_ITEMS) -> Any:
    """Return JSON's content; NaN and infinities are read as such.

    Commas and opening brackets outside of strings, ``items`` at most, are counted first: a list of empty lists takes 30 times its text.

    Raises:
        ValueError: no JSON, too many items, nested deeper than ``MOST_DEPTH``, or a whole number of more than ``MOST_DIGITS`` digits.
    """
    bare = STRINGS.sub("", text)
    count = sum(bare.count(mark) for mark in ",[{")
    require(count <= items, f"it must have at most {items:,} items, got {count:,}")
    too_deep = f"it must be nested at most {MOST_DEPTH} deep, got more"
    try:
        content = json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError(too_deep) from None
    level = [content]
    for _ in range(MOST_DEPTH):
        level = [x for value in level if isinstance(value, dict | list) for x in (value.values() if isinstance(value, dict) else value)]
        if not level:
            return content
    raise ValueError(too_deep)


def _whole(digits: str) -> int:
    require(len(digits) <= MOST_DIGITS, f"its whole numbers must have at most {MOST_DIGITS} digits, got {len(digits)}")
    return int(digits)


def printable(text: str, most: int = 1000) -> str:
    """Return at most so many characters of a text as one line; what would move a terminal's cursor or change its colours is spelt out."""
    line = " ".join(text[: 4 * most].split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line[:most])
    return line if len(text) <= most and len(line) <= most else f"{line[: most - 1]}…"


def brief(value: Any, most: int = 80) -> str:
    """Return how a value that was read looks in an error: one short line."""
    return printable(repr(value), most)


def apart(first: str, second: str, most: int = 80) -> tuple[str, str]:
    """Return how two strings that differ look in an error: whole if they are short, else what surrounds the first difference."""
    if max(len(first), len(second)) <= most:
        return printable(first), printable(second)
    place = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second)))
    start = max(0, place - most // 2)
    shown = [f"{'…' * (start > 0)}{text[start : start + most]}{'…' * (len(text) > start + most)}" for text in (first, second)]
    return printable(shown[0]), printable(shown[1])


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, its kind if it says nothing."""
    return printable((str(error).strip() or type(error).__name__).splitlines()[0])


def require(fits: bool, rule: str) -> None:
    """Raise ValueError with the rule that contents break, unless they fit."""
    if not fits:
        raise ValueError(rule)


def finite(x: Any) -> bool:
    """Say whether something read is a number, and neither NaN nor infinite."""
    return type(x) is int or (type(x) is float and math.isfinite(x))


def number_in(x: Any, least: float, most: float) -> bool:
    """Say whether something read is a number of an interval."""
    return finite(x) and least <= x <= most


def whole_in(x: Any, least: int, most: int) -> bool:
    """Say whether something read is a whole number of an interval."""
    return type(x) is int and least <= x <= most
