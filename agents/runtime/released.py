"""Networks that come with the package, by name: a file of weights and, beside it, what its card says (``agents.reporting.card``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from agents.runtime.storage import read_json

FOLDER = Path(__file__).parents[1] / "networks" / "released"
WEIGHTS, RECORD, CARD = ".safetensors", ".json", ".md"  # endings of a network's files
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def released_names() -> tuple[str, ...]:
    """Return the names of all networks that come with the package."""
    return tuple(sorted(path.stem for path in FOLDER.glob(f"*{WEIGHTS}")))


def network_file(name: Path | str) -> Path:
    """Return the file of a network: one that comes with the package by its name, any other by its path, such as ``./river``."""
    return FOLDER / f"{name}{WEIGHTS}" if is_released(name) else Path(name)


def is_released(name: Path | str) -> bool:
    """Say whether a network of that name comes with the package."""
    return NAME.fullmatch(str(name)) is not None and (FOLDER / f"{name}{WEIGHTS}").is_file()


def record_of(name: str) -> dict[str, Any]:
    """Return what the card of a network that comes with the package is made of.

    Raises:
        OSError: there is no such network.
        ValueError: its file is damaged.
    """
    record: Any = read_json(FOLDER / f"{name}{RECORD}")
    if not isinstance(record, dict):
        raise ValueError(f"{name}{RECORD} must be a mapping")
    return record


def released_for(game: str, kind: str) -> str | None:
    """Return the name of the network that comes with the package for a game of that name, None without one; the first by its name.

    Args:
        game: its name in conf/game.
        kind: of the file, see ``agents.networks.checkpoint``.
    """
    for name in released_names():
        record = record_of(name)
        if (record.get("kind"), record.get("game")) == (kind, game):
            return name
    return None
