"""Solved hold'em on disk: everything that solving on needs, in one archive that holds no code."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from agents.report import replacing
from games.holdem import HoldemGame, game_size
from games.kernels import LANES
from search import BoardSolver, Variant, state_names

Rows = npt.NDArray[Any]

FORMAT = 2
MOST_ITERATIONS = 2**53  # they are float64 where they make weights
LARGEST = 1e30  # of a sum of regrets or reaches: so many iterations for 10^9 chips against 1,326 hands come to 10^28
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    MemoryError,
)  # what reading a damaged archive may raise


def save_solution(solver: BoardSolver, file: Path) -> None:
    """Write a solver's state, so that it goes on exactly; whole or not at all."""
    variant = {"name": solver.variant.name, **_coefficients(solver.variant)}
    about = {"format": FORMAT, "game": solver.game.description(), "variant": variant, "iterations": solver.iterations}
    about["storage"] = _bits(solver.storage)
    arrays: dict[str, Any] = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8), **solver.state()}
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def check_solution(file: Path, game: HoldemGame, variant: Variant, storage: Any = np.float32) -> int:
    """Return the iterations of a file, if ``load_solution`` can take it over into a solver of this game, variant and storage.

    Array sizes are checked as far as they are known without the game's boards.

    Raises:
        ValueError: as of ``load_solution``.
    """
    rows = game_size(game).rows

    def fits(name: str, array: Rows) -> bool:
        return array.ndim == 2 and len(array) <= rows[int(name[-1])] and array.shape[1] == LANES and array.dtype == storage

    return _read(file, game, variant, storage, fits)


def load_solution(solver: BoardSolver, file: Path) -> None:
    """Take over what ``save_solution`` wrote.

    Raises:
        ValueError: no such file, or one of another game, variant or storage, or a damaged one; nothing is changed.
    """
    own = solver.state()
    arrays: dict[str, Rows] = {}

    def fits(name: str, array: Rows) -> bool:
        arrays[name] = array
        return array.shape == own[name].shape and array.dtype == own[name].dtype

    iterations = _read(file, solver.game, solver.variant, solver.storage, fits)
    solver.restore(arrays, iterations)


def _read(file: Path, game: HoldemGame, variant: Variant, storage: Any, fits: Callable[[str, Rows], bool]) -> int:
    """Return a file's iterations after looking at all of it; ``fits`` sees its arrays one by one."""
    try:
        with file.open("rb") as stream, _archive(stream) as saved:
            about = json.loads(saved["about"].tobytes())
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}")
            about.setdefault("storage", 32)  # files from before there was a choice
            iterations = about["iterations"]
            if type(iterations) is not int or not 0 <= iterations <= MOST_ITERATIONS:
                raise ValueError(f"{iterations} iterations")
            wrong = _misfit(about, file, game, variant, _bits(storage))
            for name in () if wrong else state_names(variant):
                array = saved[name]
                least = 0.0 if name.startswith("average") else -LARGEST
                if not fits(name, array) or not (array.size == 0 or least <= float(array.min()) <= float(array.max()) <= LARGEST):
                    wrong = f"load must hold finite arrays of the game's size, averages of at least 0, got {name} of {file}"
                    break
    except (OSError, ValueError, KeyError, TypeError, *DAMAGED) as error:
        raise ValueError(f"load must be a file that save=true wrote, got {file} ({error})") from None
    if wrong:
        raise ValueError(wrong)
    return iterations


def _archive(stream: BinaryIO) -> Any:
    """Open an archive; of another file numpy would say that it might hold code to be run."""
    if not zipfile.is_zipfile(stream):
        raise ValueError("it is no archive, or not a whole one")
    stream.seek(0)
    return np.load(stream, allow_pickle=False)


def _bits(storage: Any) -> int:
    return 8 * int(np.dtype(storage).itemsize)


def _misfit(about: Any, file: Path, game: HoldemGame, variant: Variant, bits: int) -> str:
    """Say in what a file is of something else; nothing if it fits."""
    if about["game"] != game.description():
        return f"load must be a file of this game, got {file}, which is of another"
    if about["storage"] != bits:
        return f"storage must be that of load ({about['storage']} bits), got {bits}"
    theirs, own = about["variant"], _coefficients(variant)
    other = [key for key in own if theirs[key] != own[key]]
    if not other:
        return ""
    if theirs["name"] != variant.name:
        return f"search must be that of load ({theirs['name']}), got {variant.name}"
    return f"search.{other[0]} must be that of load ({theirs[other[0]]}), got {own[other[0]]}"


def _coefficients(variant: Variant) -> dict[str, Any]:
    return {key: getattr(variant, key) for key in ("alpha", "beta", "gamma", "predictive", "discount")}
