"""Overrides such as ``seed=1`` as texts: reading one by Hydra's grammar, and the runs of a sweep."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType

from agents.apps.errors import UsageError
from games.settings import LONGEST, shown

MOST_JOBS = 10_000  # of a sweep


def parsed(argument: str) -> Override:
    """Return an override as Hydra reads it.

    Raises:
        UsageError: it cannot be read; the line says how to type it where that can be told.
    """
    argument = _quoted_lock(argument)
    key, equals, value = argument.partition("=")
    if len(value) > LONGEST:
        raise UsageError(f"{key[:100]} must have at most {LONGEST:,} characters, got {len(value):,}")
    try:
        if key:
            return _parser().parse_overrides([argument])[0]
    except Exception:  # of Hydra's grammar, and of Python's: recursion, numbers of 5,000 digits
        pass
    if not key:
        raise UsageError(f"a key must stand before =, got {shown(argument)}")
    if not equals and not argument.startswith("~"):
        raise UsageError(f"{shown(argument)[1:-1]} must be given as key=value, got no value")
    if _quoted(argument) is None:
        raise UsageError(f"{key[:100]} must be a key of the settings with a value, as in seed=1, got {shown(argument)}")
    raise UsageError(f"{key} must be a value that can be read, got {shown(value)}{quoting_hint(argument)}")


def expanded(arguments: Sequence[str]) -> Iterator[list[str]]:
    """Yield every combination of simple sweeps (``seed=1,2``), as Hydra's basic sweeper would run them.

    Raises:
        UsageError: another kind of sweep, or too many.
    """
    choices, jobs = [], 1
    for override in map(parsed, arguments):
        key = override.get_key_element()
        if not override.is_sweep_override():
            choices.append([line_of(override)])
        elif override.is_discrete_sweep() and override.value_type is not ValueType.GLOB_CHOICE_SWEEP:
            found = []
            for one in override.sweep_string_iterator():
                found.append(f"{key}={one}")
                if jobs * len(found) > MOST_JOBS:
                    raise UsageError(f"{override.key_or_group} must be swept over at most {MOST_JOBS:,} runs, got {value_of(override)}")
            choices.append(found)
            jobs *= len(found)
        else:
            rule = "be choices with commas between or a range() to be swept over"
            raise UsageError(f"{override.key_or_group} must {rule}, got {value_of(override)!r}")
    yield from map(list, product(*choices))


def _quoted_lock(argument: str) -> str:
    """Return ``lock={"check": "bet 50 100%"}`` as text in quotes, JSON: Hydra's mappings have no keys in quotes."""
    if not re.match(r'lock=\s*{\s*"', argument):
        return argument
    value = re.sub(r"(\\*)'", lambda quote: 2 * quote[1] + "\\'", argument.partition("=")[2])  # backslashes count double before a quote
    return f"lock='{value}'"


@lru_cache(maxsize=1)
def _parser() -> OverridesParser:
    return OverridesParser.create()


def line_of(override: Override) -> str:
    """Return an override as it was typed."""
    return str(override.input_line)


def value_of(override: Override) -> str:
    """Return an override's value as it was typed."""
    return line_of(override).partition("=")[2]


def _quoted(argument: str) -> str | None:
    """Return an override whose value is a text in quotes; None if that is none either."""
    key, _, value = argument.partition("=")
    line = f"{key}='{value.strip(chr(39) + chr(34))}'"
    try:
        _parser().parse_overrides([line])
    except Exception:  # as in parsed
        return None
    return line


def quoting_hint(argument: str) -> str:
    """Return, for errors, how a shell's user types an override whose value is text."""
    line = _quoted(argument)
    if line is None or not line.isprintable() or argument.partition("=")[2][:1] in ("[", "{"):
        return ""
    return f' (text goes in quotes: "{line}")' if not re.search(r'["$`\\!]', line) else f" (text goes in quotes: {shlex.quote(line)})"
