"""Settings as a file: ``timebank solve turn.yaml`` is the command with the overrides that the file spells out.

A file is a mapping. Its keys are those of the command line; keys of one group may stand below the group's name::

    game:
      board: Td9d6hQc           # game.board=Td9d6hQc
    budget: {seconds: 10}       # budget.seconds=10

``base`` below a group's name is the option that the rest changes: ``game: {base: flop_holdem, stack: 100}``. A game without one is a spot.

The file becomes overrides before anything else looks at it. So it keeps every rule of the command line, and a run's directory has what was
run even if the file changes later. Files may be somebody else's: a file is plain data, it says nothing of Hydra, and no value of it reads
anything of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from agents.apps.compose import groups_of, layered
from agents.apps.errors import UsageError
from agents.apps.overrides import parsed
from agents.apps.plain_yaml import read_plain_yaml
from agents.runtime.storage import brief, printable
from games.settings import shown

COMMANDS = ("solve",)  # that take a file
ENDINGS = (".yaml", ".yml")
BASE = "base"
BASES = {"game": "spot"}  # of a group whose keys are given without one
KEY = re.compile(r"\w+(\.\w+)*")
NAME = re.compile(r"[\w\\()\[\]{}:=, /.+$%*@?|-]+")  # in a mapping: Hydra's grammar has no quotes there
ELSEWHERE = ("hydra", "command", "resume")  # what only the command line says


def settings_file(command: str, arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Part the file of settings, if one was typed, from the overrides.

    Raises:
        UsageError: several files, or a command that takes none.
    """
    files = [a for a in arguments if "=" not in a and a.lower().endswith(ENDINGS)]
    if not files:
        return None, list(arguments)
    if command not in COMMANDS:
        raise UsageError(f"a file of settings must be given to {', '.join(COMMANDS)}, got {shown(files[0])} for {command}")
    if len(files) > 1:
        raise UsageError(f"a file of settings must be given once, got {shown(files[0])} and {shown(files[1])}")
    return Path(files[0]), [a for a in arguments if a != files[0]]


def file_overrides(command: str, path: Path) -> list[str]:
    """Return a file's overrides, options of groups first.

    Raises:
        UsageError: the file cannot be read, is no mapping of settings, or has what only the command line says; the line names the file.
    """
    try:
        content = read_plain_yaml(path, follow=True)
        if not isinstance(content, dict):
            raise ValueError(f"it must be a mapping of keys to values, got {brief(content)}")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(f"{_name(path)} must be a YAML file of settings, got one that cannot be taken ({reason})") from None
    groups, settings = groups_of(command), dict[str, str]()
    for name, value in _flat(content, groups):
        key = name.removesuffix(f".{BASE}") if name.removesuffix(f".{BASE}") in groups else name
        if not KEY.fullmatch(key) or key.split(".")[0] in ELSEWHERE:
            which = "a key that a file may set" if KEY.fullmatch(key) else "a key of the settings"
            raise UsageError(f"{_name(path)}: {printable(key, 80)} must be {which}, got {brief(value)}")
        if key in settings:
            raise UsageError(f"{_name(path)}: {key} must be given once, got {brief(value)} besides")
        try:
            settings[key] = str(value) if key in groups and isinstance(value, str) and re.fullmatch(r"\w+", value) else _typed(value)
        except ValueError as error:
            raise UsageError(f"{_name(path)}: {key} must be {error}") from None
    for group, base in BASES.items():
        if group not in settings and any(key.startswith(f"{group}.") for key in settings):
            settings[group] = base
    return [f"{key}={settings[key]}" for key in sorted(settings, key=lambda key: key not in groups)]


def laid_under(settings: Sequence[str], given: Sequence[str]) -> list[str]:
    """Return a file's overrides with those of the command line, which win: where both set a key, the file's is left out."""
    keys = {override.partition("=")[0].lstrip("+") for override in given}
    return [*(s for s in settings if s.partition("=")[0] not in keys), *given]


def error_text(error: Exception, path: Path | None, alone: Callable[[], object]) -> str:
    """Return what an error says, with a file's name before it where the file makes it by itself.

    Args:
        error: of the whole command.
        path: of the file of settings, if there is one.
        alone: does with the file's overrides what failed with all of them.
    """
    if path is not None:
        try:
            alone()
        except (UsageError, ValueError, OSError) as again:
            if str(again) == str(error) and not str(error).startswith(_name(path)):
                return f"{_name(path)}: {error}"
    return str(error)


def file_text(command: str, arguments: Sequence[str]) -> str:
    """Return a file of settings that stands for some overrides; those of Hydra's own are left out.

    Raises:
        UsageError: as of ``agents.apps.compose.layered``.
    """
    chosen, content = layered(command, arguments).hydra.runtime.choices, dict[str, Any]()
    overrides = {o.key_or_group: o.value() for o in map(parsed, arguments) if not o.key_or_group.startswith("hydra")}
    for group in (groups := groups_of(command)):
        below = {key.removeprefix(f"{group}."): value for key, value in overrides.items() if key.startswith(f"{group}.")}
        named = chosen[group] != BASES[group] if group in BASES else group in overrides
        if below:
            content[group] = ({BASE: str(chosen[group])} if named else {}) | _nested(below)
        elif group in overrides:
            content[group] = str(chosen[group])
    content |= {key: value for key, value in overrides.items() if key.split(".")[0] not in groups}
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


def _name(path: Path) -> str:
    return printable(str(path), 200)


def _flat(content: dict[Any, Any], groups: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield keys with dots and their values; mappings are opened below the names of groups alone."""
    for name, value in content.items():
        key = f"{above}{name}"
        if isinstance(value, dict) and value and key.split(".")[0] in groups:
            yield from _flat(value, groups, f"{key}.")
        else:
            yield key, value


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        *above, last = key.split(".")
        place = found
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return found


def _typed(value: Any) -> str:
    """Return a value as it is typed after a key.

    Raises:
        ValueError: it is none that a setting may have; the text is the rule and the value.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return "'" + re.sub(r"(\\*)('|$)", lambda end: 2 * end[1] + ("\\'" if end[2] else ""), value) + "'"
    if isinstance(value, list):
        return f"[{','.join(map(_typed, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_name_typed(name)}: {_typed(entry)}" for name, entry in value.items()) + "}"
    raise ValueError(f"a number, a text, true, false, null, a list or a mapping, got {brief(value)}")


def _name_typed(name: Any) -> str:
    text = str(name)
    if not NAME.fullmatch(text):
        raise ValueError(f"a mapping whose names have letters, digits, spaces and marks without quotes, got {brief(name)}")
    return re.sub(r"([\\()\[\]{}:=, ])", r"\\\1", text)
