"""Blueprints of hold'em: solved, with or without a card abstraction, and kept on disk as two arrays that searches map into memory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.abstraction import make_buckets
from agents.report import Keeper, Row, replacing, write_json
from agents.solution_file import DAMAGED
from games.board_tree import BoardTree
from games.holdem import HoldemGame, board_tree
from games.kernels import LANES
from search import BoardSolver, Budget, Variant
from search.best_response import exploitability_of
from search.board_search import value_against
from search.board_sweeps import BoardSweeps, Rows
from search.board_trunk import Strategies
from search.bucket_solver import BucketSolver

ABOUT, UNFINISHED, FORMAT = "blueprint.json", "unfinished.npz", 1

tree_of = lru_cache(maxsize=1)(board_tree)  # the last game's is kept: every measurement of a process is of the same


@dataclass(frozen=True)
class BoardBlueprint:
    """A strategy of a whole hold'em game.

    Attributes:
        game: what it plays.
        directory: where its arrays are.
        name: what reports call it.
        size: numbers that it consists of: action probabilities, both players', one set a bucket; of a network its parameters.
        exploitability: chips a deal, exact, in the real game.
        seconds: of solving or training.
    """

    game: HoldemGame
    directory: Path
    name: str
    size: int
    exploitability: float
    seconds: float

    @property
    def tree(self) -> BoardTree:
        """The game's board tree, made once in a process."""
        return tree_of(self.game)

    def strategies(self) -> Strategies:
        """Return both players' [stored rows, 8], mapped from disk."""
        return _array(self.directory, 0), _array(self.directory, 1)


def _array(directory: Path, player: int) -> Rows:
    rows: Rows = np.load(directory / f"average_{player}.npy", mmap_mode="r")
    return rows


def make_blueprint(
    game: HoldemGame,
    sizes: Sequence[int],
    variant: Variant,
    iterations: int,
    directory: Path,
    seed: int = 0,
    threads: int = 1,
    progress: Callable[[float], None] | None = None,
) -> BoardBlueprint:
    """Solve a game, or an abstraction of it, and keep the average strategy; one that is there already is not solved again.

    A solve is kept now and then, so that one that was killed goes on.

    Args:
        game: what is solved.
        sizes: buckets of each street (see ``agents.abstraction``), 0 for none; empty for none on any.
        variant: of CFR.
        iterations: of CFR.
        directory: where it is kept.
        seed: of the abstraction.
        threads: kernel threads.
        progress: called with the iterations done.

    Raises:
        ValueError: sizes that do not fit the game, or another blueprint in the directory.
    """
    sizes = list(sizes) if any(sizes) else []
    name = f"{variant.name}:{iterations}" + ("".join(f":{size or 'all'}" for size in sizes))
    about: Row = {"format": FORMAT, "game": game.description(), "name": name, "seed": seed, "variant": repr(variant)}
    kept = kept_blueprint(game, directory, about)
    if kept is None:
        tree = tree_of(game)
        solver: BoardSolver | BucketSolver
        if sizes:
            solver = BucketSolver(game, tree, make_buckets(game, tree, sizes, seed), variant, threads)
            size = sum(solver.sizes)
        else:
            solver = BoardSolver(game, variant, threads)
            size = sum(rows * 8 for rows in tree.stored_rows)
        before = _go_on(solver, about, directory / UNFINISHED)
        keeper = Keeper(lambda: _keep_unfinished(solver, about, before + solver.spent, directory / UNFINISHED))

        def tell(done: int, seconds: float, _: float | None) -> None:
            keeper.look()
            if progress is not None:
                progress(done)

        solution = solver.solve(Budget(iterations=iterations), progress=tell)
        found = {"size": size, "exploitability": solver.exploitability(solution.strategy), "seconds": before + solution.seconds}
        kept = keep_blueprint(game, directory, {**about, **found}, solution.strategy.average)
        (directory / UNFINISHED).unlink(missing_ok=True)
    return kept


def make_uniform_blueprint(game: HoldemGame, directory: Path) -> BoardBlueprint:
    """Return the blueprint that takes every action with the same probability, kept as others are; see ``make_blueprint``."""
    about: Row = {"format": FORMAT, "game": game.description(), "name": "uniform"}
    kept = kept_blueprint(game, directory, about)
    if kept is None:
        tree = tree_of(game)
        rows = (np.zeros((tree.stored_rows[0], LANES), tree.weight.dtype), np.zeros((tree.stored_rows[1], LANES), tree.weight.dtype))
        sweeps = BoardSweeps(tree, 1, tree.weight.dtype)
        exploitability = exploitability_of(*(value_against(game, sweeps, rows, p) for p in (0, 1)))
        kept = keep_blueprint(game, directory, {**about, "size": 0, "exploitability": exploitability, "seconds": 0.0}, rows)
    return kept


def _keep_unfinished(solver: BoardSolver | BucketSolver, about: Row, seconds: float, file: Path) -> None:
    """Write what solving on takes."""
    told = json.dumps({**about, "iterations": solver.iterations, "seconds": seconds})
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"about": np.frombuffer(told.encode(), np.uint8), **solver.state()}
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def _go_on(solver: BoardSolver | BucketSolver, about: Row, file: Path) -> float:
    """Take over a solve that was not finished; return its seconds. One of something else, or a damaged one, is none."""
    own = solver.state()
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as saved:
            told = json.loads(saved["about"].tobytes())
            iterations, seconds = int(told.pop("iterations")), float(told.pop("seconds"))
            arrays = {name: saved[name] for name in own}
    except (OSError, ValueError, KeyError, TypeError, *DAMAGED):
        return 0.0
    if told != about or any(arrays[name].shape != array.shape or arrays[name].dtype != array.dtype for name, array in own.items()):
        return 0.0
    solver.restore(arrays, iterations)
    return seconds


def keep_blueprint(game: HoldemGame, directory: Path, about: Row, strategies: Strategies) -> BoardBlueprint:
    """Write a blueprint; ``about`` has what ``kept_blueprint`` asks for, and its size, exploitability and seconds."""
    directory.mkdir(parents=True, exist_ok=True)
    for p, rows in enumerate(strategies):
        part = directory / f".average_{p}.{os.getpid()}.npy"
        np.save(part, rows)
        part.replace(directory / f"average_{p}.npy")
    write_json(directory / ABOUT, about)
    return _blueprint(game, directory, about)


def kept_blueprint(game: HoldemGame, directory: Path, about: Row) -> BoardBlueprint | None:
    """Return the blueprint in a directory, None if there is none or a damaged one.

    Raises:
        ValueError: it differs in something that ``about`` says.
    """
    kept = _about(directory)
    if kept is None:
        return None
    if {key: kept.get(key) for key in about} != about:
        raise ValueError(f"the blueprint in {directory} must be the one asked for, {about['name']}, got {kept.get('name')}")
    return _blueprint(game, directory, kept)


def _blueprint(game: HoldemGame, directory: Path, about: Row) -> BoardBlueprint:
    sizes = (int(about["size"]), float(about["exploitability"]), float(about["seconds"]))
    return BoardBlueprint(game, directory.resolve(), str(about["name"]), *sizes)


def _about(directory: Path) -> Row | None:
    try:
        kept = json.loads((directory / ABOUT).read_text())
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) else None
