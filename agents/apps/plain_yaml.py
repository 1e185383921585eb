"""Read YAML that somebody else may have written, as plain data: nothing is built, nothing repeats itself, no key stands twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from agents.runtime.storage import DAMAGES, MOST_DEPTH, printable, require
from games.files import read_text

MOST_YAML_BYTES = 1 << 18


def read_plain_yaml(path: Path, follow: bool = False) -> Any:
    """Return a YAML file's content: plain data, without references, which could repeat a small text a billion times.

    Args:
        path: of the file.
        follow: as of ``games.files.open_regular``.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: it is no regular file, too large, or no such YAML; the text is the reason alone, without the file's name.
    """
    text = read_text(path, MOST_YAML_BYTES, follow)
    try:
        _check_events(text)
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(where + printable(str(error.problem or error.context), 200)) from None
    except (yaml.YAMLError, *DAMAGES) as error:
        raise ValueError(printable(str(error), 200)) from None


def _check_events(text: str) -> None:
    """Refuse references, deep nesting, and a mapping with a key that stands twice in it."""
    opened: list[tuple[set[str], list[bool]] | None] = []  # of each open collection: a mapping's keys, and whether a value comes next

    def node(key: str | None) -> None:
        """Take a node into the collection that it stands in; ``key`` is its text if it is one."""
        if opened and opened[-1] is not None:
            keys, (value,) = opened[-1]
            opened[-1][1][0] = not value
            if not value:
                require(key is not None, "its keys must be texts")
                require(key not in keys, f"its keys must stand once in a mapping, got {printable(str(key), 80)} again")
                keys.add(str(key))

    for event in yaml.parse(text, yaml.SafeLoader):
        require(not isinstance(event, yaml.AliasEvent), "it must be plain and nested few times, got a reference")
        if isinstance(event, yaml.ScalarEvent):
            node(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            node(None)
            opened.append((set(), [False]) if isinstance(event, yaml.MappingStartEvent) else None)
            require(len(opened) <= MOST_DEPTH, f"it must be plain and nested few times, got more than {MOST_DEPTH}")
        elif isinstance(event, yaml.CollectionEndEvent):
            opened.pop()
