"""Solved hold'em on disk: everything that solving on needs, in one archive that holds no code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.runtime.arrays import open_archive, write_archive
from agents.runtime.storage import DAMAGES, brief, first_line, printable, require, whole_in
from games.arrays import Array
from games.holdem.rules import HoldemGame
from search import BoardSolver, Variant, state_names
from search.boards.solver import largest_state

Rows = Array

FORMAT, VIEW_FORMAT = 2, "view 1"
MOST_HANDS = 1326
MOST_ITERATIONS = 2**53  # they are float64 where they make weights
LARGEST = 1e30  # of a sum of regrets or reaches: so many iterations for 10^9 chips against 1,326 hands come to 10^28


def save_solution(
    solver: BoardSolver, file: Path, settings: Sequence[str] = (), locks: str = "", locked: Sequence[dict[str, Any]] = ()
) -> None:
    """Write a solver's state, so that it goes on exactly; whole or not at all.

    Args:
        solver: whose.
        file: to write.
        settings: what makes the game, as overrides of ``timebank solve``: with them the file can be opened alone.
        locks: what is locked in it, see ``agents.evaluation.locks.digest_of``.
        locked: the same as ``result.json`` has it, for people.
    """
    about = about_solver(solver, settings, locked) | {"format": FORMAT} | ({"locks": locks} if locks else {})
    write_archive(file, about, solver.state())


def about_solver(solver: BoardSolver, settings: Sequence[str], locked: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what a file says of a solver: its game, its variant, how far it is, the settings that make it, and what is locked."""
    variant = {"name": solver.variant.name, **_coefficients(solver.variant)}
    about = {"game": solver.game.key, "variant": variant, "iterations": solver.iterations, "storage": _bits(solver.storage)}
    about |= {"locked": list(locked)}
    return about | ({"settings": list(settings)} if settings else {})


class SavedAs(NamedTuple):
    """What a file of ``timebank solve`` says of itself.

    Attributes:
        settings: overrides that make its game, None of a file from before there were any. They are anybody's: check them.
        view: whether it is a view, see ``agents.runtime.view_file``.
        locked: rows of its locks, as ``result.json`` has them; None of a file from before it had them.
        iterations: that were done.
    """

    settings: list[str] | None
    view: bool
    locked: list[dict[str, Any]] | None
    iterations: int


def saved_as(file: Path) -> SavedAs:
    """Return what a file says of itself.

    Raises:
        ValueError: no such file, or none that ``timebank solve`` wrote.
    """
    try:
        with open_archive(file, follow=True) as saved:
            about = saved.json("about")
        require(isinstance(about, dict) and "game" in about, "it must say its game")
        settings: Any = about.get("settings")
        texts = settings is None or (isinstance(settings, list) and all(isinstance(text, str) for text in settings))
        require(texts, f"its settings must be a list of texts, got {brief(settings)}")
        iterations = about.get("iterations")
        require(whole_in(iterations, 0, MOST_ITERATIONS), f"{brief(iterations)} iterations")
        return SavedAs(settings, about.get("format") == VIEW_FORMAT, locked_rows(about.get("locked")), iterations)
    except DAMAGES as error:
        raise ValueError(f"run must have a solution that timebank solve wrote, got {file} ({first_line(error)})") from None


def locked_rows(rows: Any) -> list[dict[str, Any]] | None:
    """Return rows of locks that were read from a file; None where it has none.

    Raises:
        ValueError: they are not of that form.
    """
    good = rows is None or (
        isinstance(rows, list)
        and all(
            isinstance(row, dict)
            and all(isinstance(row.get(key), str) for key in ("line", "strategy"))
            and whole_in(row.get("player"), 0, 1)
            and whole_in(row.get("hands"), 0, MOST_HANDS)
            for row in rows
        )
    )
    require(good, f"its locks must have line, strategy, player and hands, got {brief(rows)}")
    return None if rows is None else list(rows)


def check_solution(file: Path, game: HoldemGame, variant: Variant, storage: Any = np.float32, locks: str | None = "") -> int:
    """Return the iterations of a file, if ``load_solution`` can take it over into a solver of this game, variant and storage.

    Array sizes are checked as far as they are known without the game's boards.

    Raises:
        ValueError: as of ``load_solution``.
    """
    largest = largest_state(game)

    def fits(name: str, shape: tuple[int, ...]) -> bool:
        rows, columns = largest[int(name[-1])]
        return len(shape) == 2 and shape[0] <= rows and shape[1] == columns

    return _read(file, game, variant, storage, fits, locks=locks)


def load_solution(solver: BoardSolver, file: Path, locks: str | None = "") -> None:
    """Take over what ``save_solution`` wrote, with the same locks; None for a solution that is only looked at, with any.

    Raises:
        ValueError: no such file, or one of another game, variant or storage, or a damaged one; nothing is changed.
    """
    state, arrays = solver.state(), dict[str, Rows]()
    iterations = _read(file, solver.game, solver.variant, solver.storage, lambda name, shape: shape == state[name].shape, arrays, locks)
    solver.restore(arrays, iterations)


def _read(
    file: Path,
    game: HoldemGame,
    variant: Variant,
    storage: Any,
    fits: Callable[[str, tuple[int, ...]], bool],
    arrays: dict[str, Rows] | None = None,
    locks: str | None = "",
) -> int:
    """Return a file's iterations after looking at all of it, and fill ``arrays``; ``fits`` says whether an array's shape is right."""
    try:
        with open_archive(file, follow=True) as saved:
            about = saved.json("about")
            require(isinstance(about, dict), "it must say what it is")
            require(about.get("format") != VIEW_FORMAT, "it is a view, which timebank show reads and no solve can go on from")
            require(about.get("format") == FORMAT, f"it must be of format {FORMAT}")
            about.setdefault("storage", 32)  # files from before there was a choice
            iterations = about["iterations"]
            require(whole_in(iterations, 0, MOST_ITERATIONS), f"{brief(iterations)} iterations")
            wrong = _misfit(about, file, game, variant, _bits(storage))
            if not wrong and locks is not None and about.get("locks", "") != locks:
                what = ("no locks" if locks else "locks and this solve none") if not (locks and "locks" in about) else "others"
                wrong = f"lock must be what load was solved with, got {file}, which has {what}"
            for name in () if wrong else state_names(variant):
                shape = saved.header(name).shape
                array = saved.array(name, shape, storage) if fits(name, shape) else None
                if array is None or not in_range(name, array):
                    wrong = f"load must hold finite arrays of the game's size, averages of at least 0, got {name} of {file}"
                    break
                if arrays is not None:
                    arrays[name] = array
    except DAMAGES as error:
        raise ValueError(f"load must be a file that save=true wrote, got {file} ({first_line(error)})") from None
    if wrong:
        raise ValueError(wrong)
    return int(iterations)


def in_range(name: str, array: Rows) -> bool:
    """Say whether an array of a solver's state holds what solving can have come to: no NaN, nothing too large, no negative average."""
    least = 0.0 if name.startswith("average") else -LARGEST
    return not array.size or least <= float(array.min()) <= float(array.max()) <= LARGEST


def _bits(storage: Any) -> int:
    return 8 * int(np.dtype(storage).itemsize)


def _misfit(about: Any, file: Path, game: HoldemGame, variant: Variant, bits: int) -> str:
    """Say in what a file is of something else; nothing if it fits."""
    if about["game"] != game.key:
        return f"load must be a file of this game, got {file}, which is of another"
    if about["storage"] != bits:
        return f"storage must be that of load ({brief(about['storage'])} bits), got {bits}"
    theirs, ours = about["variant"], _coefficients(variant)
    other = [key for key in ours if theirs[key] != ours[key]]
    if not other:
        return ""
    if theirs["name"] != variant.name:
        return f"search must be that of load ({printable(str(theirs['name']))}), got {variant.name}"
    return f"search.{other[0]} must be that of load ({printable(str(theirs[other[0]]))}), got {ours[other[0]]}"


def _coefficients(variant: Variant) -> dict[str, Any]:
    return {key: getattr(variant, key) for key in ("alpha", "beta", "gamma", "predictive", "discount")}
