"""Blueprints of hold'em: solved, with or without a card abstraction, and kept on disk as two arrays that searches map into memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from agents.abstraction import make_buckets
from agents.reporting.tables import Keeper, Row, duration, replacing, write_json
from agents.runtime.arrays import map_npy, open_archive
from agents.runtime.solution_file import MOST_ITERATIONS, in_range
from agents.runtime.storage import load_or_set_aside, number_in, printable, read_json, require, whole_in
from games.arrays import Float
from games.holdem.board_tree import BoardTree
from games.holdem.rules import HoldemGame, HoldemState
from search import BoardSolver, BoardStrategy, Budget, Variant, represent
from search.boards.bucket_solver import BucketSolver
from search.boards.representation import represent_boards
from search.boards.trunk import Strategies
from search.representation import Table, exploitability

ABOUT, UNFINISHED, FORMAT = "blueprint.json", "unfinished.npz", 1
MOST_NOISE = 1e-3  # chips that rounding takes an exploitability below 0, at most


def tree_of(game: HoldemGame) -> BoardTree:
    """Return a game's board tree, made once in a process."""
    return represent_boards(game).tree


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
        writing_seconds: of a network, those that asking it at every infostate took; None for what was solved.
    """

    game: HoldemGame
    directory: Path
    name: str
    size: int
    exploitability: float
    seconds: float
    writing_seconds: float | None = None

    @property
    def tree(self) -> BoardTree:
        """The game's board tree, made once in a process."""
        return tree_of(self.game)

    def row(self) -> Row:
        """Return what ``result.json`` says of it."""
        row: Row = {"name": self.name, "size": self.size, "exploitability": self.exploitability, "seconds": self.seconds}
        return row if self.writing_seconds is None else row | {"writing_seconds": self.writing_seconds}

    def written(self) -> str:
        """Return what writing a network out took, as text to be put behind what else is said of it."""
        return "" if self.writing_seconds is None else f"; asked at every infostate in {duration(self.writing_seconds)}"

    def strategies(self) -> Strategies:
        """Return both players' [stored rows, 8], mapped from disk.

        Raises:
            OSError: a file is gone.
            ValueError: a file is not of this game.
        """
        first, second = (_array(self.directory / f"average_{p}.npy", self.game, p) for p in (0, 1))
        return first, second

    def strategy(self) -> BoardStrategy:
        """Return the same as a strategy."""
        return BoardStrategy(self.game, self.tree, self.strategies())

    def at(self, state: HoldemState) -> Float:
        """Return the acting player's [A, H] at one decision."""
        return represent(self.game).at(self.strategies(), state)


def _array(path: Path, game: HoldemGame, player: int) -> Table:
    representation = represent(game)
    return map_npy(path, representation.shape(player), representation.dtype)


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
    much = f":{iterations}" + "".join(f":{size or 'all'}" for size in sizes)
    about: Row = {"format": FORMAT, "game": game.key, "name": f"{variant.name}{much}", "seed": seed, "variant": repr(variant)}
    directory.mkdir(parents=True, exist_ok=True)
    kept = kept_blueprint(game, directory, about)
    if kept is None:
        solver: BoardSolver | BucketSolver
        if sizes:
            tree = tree_of(game)
            solver = BucketSolver(game, tree, make_buckets(game, tree, sizes, seed), variant, threads)
            size = sum(solver.sizes)
        else:
            solver = BoardSolver(game, variant, threads)
            size = sum(rows.size for rows in solver.average)
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
    return replace(kept, name=f"{variant.label}{much}")


def make_uniform_blueprint(game: HoldemGame, directory: Path) -> BoardBlueprint:
    """Return the blueprint that takes every action with the same probability, kept as others are; see ``make_blueprint``."""
    about: Row = {"format": FORMAT, "game": game.key, "name": "uniform"}
    directory.mkdir(parents=True, exist_ok=True)
    kept = kept_blueprint(game, directory, about)
    if kept is None:
        tables = represent(game).uniform()
        found = {"size": 0, "exploitability": exploitability(represent(game), tables), "seconds": 0.0}
        kept = keep_blueprint(game, directory, {**about, **found}, tables)
    return kept


def make_policy_blueprint(game: HoldemGame, policy: Any, directory: Path) -> BoardBlueprint:
    """Return a policy of your own as a blueprint: its ``strategy`` at every infostate, kept as others are; see ``make_blueprint``."""
    tables: Strategies = policy.strategy().tables
    digest = hashlib.sha256(b"".join(table.tobytes() for table in tables)).hexdigest()[:8]
    about: Row = {"format": FORMAT, "game": game.key, "name": f"{policy.name}:{digest}"}
    directory.mkdir(parents=True, exist_ok=True)
    found = {"size": sum(table.size for table in tables), "exploitability": exploitability(represent(game), tables), "seconds": 0.0}
    return kept_blueprint(game, directory, about) or keep_blueprint(game, directory, {**about, **found}, tables)


def _keep_unfinished(solver: BoardSolver | BucketSolver, about: Row, seconds: float, file: Path) -> None:
    """Write what solving on takes."""
    told = json.dumps({**about, "iterations": solver.iterations, "seconds": seconds})
    arrays: dict[str, Any] = {"about": np.frombuffer(told.encode(), np.uint8), **solver.state()}
    with replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def _go_on(solver: BoardSolver | BucketSolver, about: Row, file: Path) -> float:
    """Take over a solve that was not finished; return its seconds. One of something else, or a damaged one, is none."""
    own = solver.state()

    def read(path: Path) -> tuple[Row, dict[str, Any]]:
        with open_archive(path) as saved:
            told = saved.json("about")
            require(whole_in(told["iterations"], 0, MOST_ITERATIONS), "its iterations must be a whole number of at least 0")
            require(number_in(told["seconds"], 0, 1e12), "its seconds must be a number of at least 0")
            if {key: told.get(key) for key in about} != about:
                return told, {}
            arrays = {name: saved.array(name, array.shape, array.dtype) for name, array in own.items()}
        require(all(in_range(name, array) for name, array in arrays.items()), "its arrays must be finite, averages at least 0")
        return told, arrays

    told, arrays = load_or_set_aside(file, read) or ({}, {})
    if not arrays:
        return 0.0
    solver.restore(arrays, told["iterations"])
    return float(told["seconds"])


def keep_blueprint(game: HoldemGame, directory: Path, about: Row, strategies: Strategies) -> BoardBlueprint:
    """Write a blueprint into a directory; ``about`` has what ``kept_blueprint`` asks for, and its size, exploitability and seconds."""
    for p, rows in enumerate(strategies):
        with replacing(directory / f"average_{p}.npy") as part, part.open("wb") as file:
            np.save(file, rows)
    write_json(directory / ABOUT, about)
    return _blueprint(game, directory, about)


def kept_blueprint(game: HoldemGame, directory: Path, about: Row) -> BoardBlueprint | None:
    """Return the blueprint in a directory, None if there is none or a damaged one, which is set aside.

    Raises:
        ValueError: it differs in something that ``about`` says.
    """
    kept = load_or_set_aside(directory / ABOUT, partial(_about, most=2 * game.max_payoff))
    if kept is None:
        return None
    if {key: kept.get(key) for key in about} != about:
        raise ValueError(
            f"the blueprint in {directory} must be the one asked for, {about['name']}, got {printable(str(kept.get('name')), 100)}"
        )
    for p in (0, 1):
        if load_or_set_aside(directory / f"average_{p}.npy", partial(_checked, game=game, player=p)) is None:
            return None
    return _blueprint(game, directory, kept)


def _checked(path: Path, game: HoldemGame, player: int) -> Table:
    table = _array(path, game, player)
    require(in_range("average", table), "a blueprint must have finite numbers of at least 0")
    return table


def _blueprint(game: HoldemGame, directory: Path, about: Row) -> BoardBlueprint:
    sizes = about["size"], float(about["exploitability"]), float(about["seconds"])
    return BoardBlueprint(game, directory.resolve(), about["name"], *sizes, about.get("writing_seconds"))


def _about(path: Path, most: float) -> Row:
    """Return what a blueprint's description says.

    Raises:
        ValueError: it is none; KeyError, TypeError likewise.
    """
    about: Row = read_json(path)
    require(isinstance(about["name"], str) and whole_in(about["size"], 0, 2**53), "a blueprint must have a name and a size")
    written = about.get("writing_seconds")  # of networks; older versions have none
    seconds = [about["seconds"], *([] if written is None else [written])]
    require(all(number_in(x, 0, 1e12) for x in seconds), "a blueprint's seconds must be numbers of at least 0")
    require(number_in(about["exploitability"], -MOST_NOISE, most), f"a blueprint's exploitability must be at most {most:g} chips")
    return about
