"""Blueprints of hold'em: solved, with or without a card abstraction, and kept on disk as two arrays that searches map into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from agents.abstraction import make_buckets
from agents.reporting.tables import Autosave, Row, duration, write_json
from agents.runtime.arrays import map_npy, open_archive, write_archive, write_npy
from agents.runtime.solution_file import MOST_ITERATIONS, in_range
from agents.runtime.storage import load_or_set_aside, number_in, printable, read_json, require, whole_in
from games.arrays import Float
from games.holdem.board_tree import BoardTree
from games.holdem.isomorphism import Permutation
from games.holdem.rules import HoldemGame, HoldemState
from search import BoardSolver, BoardStrategy, Budget, Variant, represent
from search.boards.bucket_solver import BucketSolver
from search.boards.representation import represent_boards
from search.boards.strategy import place_of
from search.boards.trunk import Strategies
from search.representation import Table, exploitability

ABOUT, UNFINISHED, FORMAT = "blueprint.json", "unfinished.npz", 1
MOST_FOUND = 4096  # boards whose place in the tree is kept
MOST_NOISE = 1e-3  # chips that rounding takes an exploitability below 0, at most


def tree_of(game: HoldemGame) -> BoardTree:
    """Return a game's board tree, made once in a process."""
    return represent_boards(game).tree


@dataclass(frozen=True)
class BoardBlueprint:
    """A strategy of a whole hold'em game."""

    game: HoldemGame
    directory: Path  # of its arrays
    name: str
    size: int  # numbers that it consists of: action probabilities, both players', one set a bucket; of a network its parameters
    exploitability: float  # chips a deal, exact, in the real game
    seconds: float  # of solving or training
    writing_seconds: float | None = None  # of a network, those that asking it at every infostate took

    @property
    def tree(self) -> BoardTree:
        return tree_of(self.game)

    def fingerprint(self) -> bytes:
        """Return what kept measurements must agree with: an exact strength stands for the numbers."""
        return repr((self.name, self.exploitability)).encode()

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
        """Return the same as a strategy; the files are mapped once."""
        return self._strategy

    def at(self, state: HoldemState) -> Float:
        """Return the acting player's [A, H] at one decision."""
        place = place_of(self.game, state)
        return self._strategy.at_board(place.node, *self._find(place.cards))

    @cached_property
    def _strategy(self) -> BoardStrategy:
        return BoardStrategy(self.game, self.tree, self.strategies())

    @cached_property
    def _find(self) -> Callable[[tuple[int, ...]], tuple[int, Permutation]]:
        return lru_cache(MOST_FOUND)(self._strategy.find)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is mapped and found again."""
        return {key: value for key, value in vars(self).items() if not key.startswith("_")}


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

    A solve is saved on the way, so that one that was killed goes on.

    Args:
        game: what is solved.
        sizes: buckets of each round (see ``agents.abstraction``), 0 for none; empty for none on any.
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
    about: Row = {"name": f"{variant.name}{much}", "seed": seed, "variant": repr(variant)}

    def solve(about: Row) -> tuple[Row, Strategies]:
        solver: BoardSolver | BucketSolver
        if sizes:
            tree = tree_of(game)
            solver = BucketSolver(game, tree, make_buckets(game, tree, sizes, seed), variant, threads)
            size = sum(solver.sizes)
        else:
            solver = BoardSolver(game, variant, threads)
            size = sum(rows.size for rows in solver.average)
        file = directory / UNFINISHED
        earlier = _go_on(solver, about, file)

        def save() -> None:
            write_archive(file, {**about, "iterations": solver.iterations, "seconds": earlier + solver.spent}, solver.state())

        def look(done: int, seconds: float, _: float | None) -> None:
            autosave.look()
            if progress is not None:
                progress(done)

        autosave = Autosave(save)
        solution = solver.solve(Budget(iterations=iterations), progress=look)
        measured = {"size": size, "exploitability": solver.exploitability(solution.strategy), "seconds": earlier + solution.seconds}
        return measured, solution.strategy.average

    made = made_once(game, directory, about, solve)
    if (unfinished := directory / UNFINISHED).exists():
        unfinished.unlink()
    return replace(made, name=f"{variant.label}{much}")


def make_uniform_blueprint(game: HoldemGame, directory: Path) -> BoardBlueprint:
    """Return the blueprint that takes every action with the same probability, kept as others are; see ``make_blueprint``."""

    def measured(about: Row) -> tuple[Row, Strategies]:
        representation = represent(game)
        tables = representation.uniform()
        return {"size": 0, "exploitability": exploitability(representation, tables), "seconds": 0.0}, tables

    return made_once(game, directory, {"name": "uniform"}, measured)


def make_policy_blueprint(game: HoldemGame, policy: Any, directory: Path) -> BoardBlueprint:
    """Return a policy of your own as a blueprint: its ``strategy`` at every infostate, kept as others are; see ``make_blueprint``."""
    tables: Strategies = policy.strategy().tables
    digest = hashlib.sha256(b"".join(table.tobytes() for table in tables)).hexdigest()[:8]

    def measured(about: Row) -> tuple[Row, Strategies]:
        size = sum(table.size for table in tables)
        return {"size": size, "exploitability": exploitability(represent(game), tables), "seconds": 0.0}, tables

    return made_once(game, directory, {"name": f"{policy.name}:{digest}"}, measured)


def _go_on(solver: BoardSolver | BucketSolver, about: Row, file: Path) -> float:
    """Take over a solve that was not finished; return its seconds. One of something else, or a damaged one, is none."""
    state = solver.state()

    def read(path: Path) -> tuple[Row, dict[str, Any]]:
        with open_archive(path) as saved:
            done = saved.json("about")
            require(whole_in(done["iterations"], 0, MOST_ITERATIONS), "its iterations must be a whole number of at least 0")
            require(number_in(done["seconds"], 0, 1e12), "its seconds must be a number of at least 0")
            if {key: done.get(key) for key in about} != about:
                return done, {}
            arrays = {name: saved.array(name, array.shape, array.dtype) for name, array in state.items()}
        require(all(in_range(name, array) for name, array in arrays.items()), "its arrays must be finite, averages at least 0")
        return done, arrays

    done, arrays = load_or_set_aside(file, read) or ({}, {})
    if not arrays:
        return 0.0
    solver.restore(arrays, done["iterations"])
    return float(done["seconds"])


def made_once(game: HoldemGame, directory: Path, about: Row, make: Callable[[Row], tuple[Row, Strategies]]) -> BoardBlueprint:
    """Return the blueprint in a directory; one is made and saved there if there is none, or a damaged one, which is set aside.

    Args:
        game: whole.
        directory: made if need be.
        about: its name, and all that it depends on beside the game.
        make: of ``about`` with the game: returns size, exploitability and seconds, and both players' [stored rows, 8].

    Raises:
        ValueError: another blueprint in the directory.
    """
    about = {"format": FORMAT, "game": game.key, **about}
    directory.mkdir(parents=True, exist_ok=True)
    saved = load_blueprint(game, directory, about)
    if saved is not None:
        return saved
    measured, tables = make(about)
    for p, rows in enumerate(tables):
        write_npy(directory / f"average_{p}.npy", rows)
    write_json(directory / ABOUT, about | measured)
    return _blueprint(game, directory, about | measured)


def load_blueprint(game: HoldemGame, directory: Path, about: Row) -> BoardBlueprint | None:
    """Return the blueprint in a directory, None if there is none or a damaged one, which is set aside.

    Raises:
        ValueError: it differs in something that ``about`` says.
    """

    def read_about(path: Path) -> Row:
        """Return what a blueprint's description says; raises any of ``DAMAGES`` if it is none."""
        saved: Row = read_json(path)
        require(isinstance(saved["name"], str) and whole_in(saved["size"], 0, 2**53), "a blueprint must have a name and a size")
        seconds = (saved["seconds"], saved.get("writing_seconds", 0.0))  # networks alone have the second
        require(all(number_in(x, 0, 1e12) for x in seconds), "a blueprint's seconds must be numbers of at least 0")
        most = 2 * game.max_payoff
        require(number_in(saved["exploitability"], -MOST_NOISE, most), f"a blueprint's exploitability must be at most {most:g} chips")
        return saved

    def read_table(path: Path, player: int) -> Table:
        table = _array(path, game, player)
        require(in_range("average", table), "a blueprint must have finite numbers of at least 0")
        return table

    saved = load_or_set_aside(directory / ABOUT, read_about)
    if saved is None:
        return None
    if {key: saved.get(key) for key in about} != about:
        name = printable(str(saved.get("name")), 100)
        raise ValueError(f"the blueprint in {directory} must be the one asked for, {about['name']}, got {name}")
    tables = [load_or_set_aside(directory / f"average_{p}.npy", partial(read_table, player=p)) for p in (0, 1)]
    return None if any(table is None for table in tables) else _blueprint(game, directory, saved)


def _blueprint(game: HoldemGame, directory: Path, about: Row) -> BoardBlueprint:
    sizes = about["size"], float(about["exploitability"]), float(about["seconds"])
    return BoardBlueprint(game, directory.resolve(), about["name"], *sizes, about.get("writing_seconds"))
