"""Solved hold'em on disk: everything that solving on needs, in one archive that holds no code."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from search import BoardSolver

FORMAT = 1
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)  # what reading a damaged archive may raise


def save_solution(solver: BoardSolver, file: Path) -> None:
    """Write a solver's state, so that it goes on exactly; whole or not at all."""
    about = {"format": FORMAT, **_identity(solver), "iterations": solver.iterations}
    part = file.with_name(file.name + ".part")
    with part.open("wb") as stream:
        arrays: dict[str, Any] = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8), **solver.state()}
        np.savez(stream, **arrays)
    part.replace(file)


def load_solution(solver: BoardSolver, file: Path) -> None:
    """Take over what ``save_solution`` wrote.

    Raises:
        ValueError: no such file, or one of another game or variant, or a damaged one; nothing is changed.
    """
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
            about = json.loads(saved["about"].tobytes())
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}")
            other = [key for key, own in _identity(solver).items() if about[key] != own]
            arrays = {} if other else {name: saved[name] for name in solver.state()}
            iterations = int(about["iterations"])
    except (OSError, ValueError, KeyError, TypeError, *DAMAGED) as error:
        raise ValueError(f"load must be a file that save=true wrote, got {file} ({error})") from None
    if other:
        raise ValueError(f"load must be a file of this {other[0]}, got {file}, which is of another: {about[other[0]]}")
    for name, own in solver.state().items():
        if arrays[name].shape != own.shape or arrays[name].dtype != own.dtype or not np.isfinite(arrays[name]).all():
            raise ValueError(f"load must hold finite arrays of the game's size, got {name} of {file}")
    solver.restore(arrays, iterations)


def _identity(solver: BoardSolver) -> dict[str, str]:
    return {"game": solver.game.description(), "variant": solver.variant.name}
