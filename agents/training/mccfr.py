"""Blueprints of hold'em by sampling: external-sampling MCCFR, saved as it goes and resumed to the same bits.

A run's directory holds the card abstraction (``buckets.npz``), the buckets of all boards (``boards.npy``, until the run is at its end), the
sums so far (``training.npz``) and, whenever it is saved, the blueprint (``blueprint.json``, ``shares.npy``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.abstraction import make_card_abstraction
from agents.bucket_blueprint import (
    CENTRES,
    BucketBlueprint,
    abstraction_bytes,
    digest_of,
    in_16_bits,
    load_abstraction,
    save_abstraction,
    save_blueprint,
    sizes_for,
    with_menu,
)
from agents.reporting.tables import Row
from agents.runtime.arrays import open_archive, read_npy, write_archive, write_npy
from agents.runtime.solution_file import MOST_ITERATIONS, in_range
from agents.runtime.storage import DAMAGES, first_line, load_or_set_aside, number_in, require, whole_in
from agents.training.base import BaseTrainer, TrainingRun
from agents.training.state import require_finite, require_same
from games.game import PublicGame
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from games.settings import bounded, within
from search.boards.bucket_match import BucketMatch
from search.boards.card_buckets import CardAbstraction, card_arrays
from search.boards.mccfr import MCCFR, Sampling, check_game, mccfr_sizes
from search.boards.sweeps import uninterrupted
from search.representation import exploitability, represent

STATE, BOARDS = "training.npz", "boards.npy"
KINDS = {"regret": np.float32, "average": np.float32, "measured": np.uint16}  # of the arrays in ``STATE``
MOST_MEASURED = 5_000  # boards of a game whose strength is measured exactly


@dataclass(kw_only=True)
class MCCFRConfig(BaseTrainer):
    """Everything that a sampled blueprint depends on.

    Attributes:
        iterations: batches of deals; each deal is traversed once for each player.
        buckets: of hands on each street after the first, or one number for all of them.
        bets: sizes that the blueprint's players bet on every street; null for those of the game's own menu.
        raises: sizes to which they raise; likewise.
        deals: of an iteration: traversals that see the same strategy.
        pruned: share of traversals that leave out actions with a very low regret.
        prune_below: the regret that is very low, in stacks lost at the weight of the current iteration.
        seed: of the card abstraction and of all sampling.
        threads: of the work; they change no bit.
    """

    name: ClassVar[str] = "mccfr"
    title: ClassVar[str] = "MCCFR"
    may_differ: ClassVar[tuple[str, ...]] = (*BaseTrainer.may_differ, "threads")

    iterations: int = bounded(15_000, least=1)
    buckets: list[int] = field(default_factory=lambda: [500], metadata=within(least=1, most=1 << 16))
    bets: str | None = None
    raises: str | None = None
    deals: int = bounded(4096, least=1, most=1 << 20)
    pruned: float = bounded(0.95, below=1.0)
    prune_below: float = bounded(1000.0, above=0)
    threads: int = bounded(1, least=1)
    evaluate_from: int = bounded(16, least=1)

    def filled(self, deep: str) -> Any:
        """Refuse to train a network; ``timebank train`` makes a blueprint of these settings."""
        raise ValueError(f"trainer must be one that trains networks here, got {self.name}, which makes blueprints")

    def start(self, infostates: Any) -> Any:
        """Refuse to train a network."""
        return self.filled("")

    def abstract(self, game: PublicGame[Any]) -> HoldemGame:
        """Return the game with the blueprint's menu.

        Raises:
            ValueError: no game of hold'em that can be sampled, or a menu whose tree of bets is too large.
        """
        if not isinstance(game, HoldemGame):
            raise ValueError(f"game must be a game of hold'em for trainer=mccfr, got {game.name}")
        chosen = with_menu(game, self.bets, self.raises)
        check_game(chosen)
        return chosen

    def bytes(self, game: HoldemGame) -> Bytes:
        """Return what a run takes; nothing is made for it but the tree of bets."""
        classes, sizes = {game.hand_class(0, hand) for hand in range(len(game.hands))}, sizes_for(game, self.buckets)
        rows, buckets, boards = mccfr_sizes(game, [len(classes), *sizes])
        state = rows * sum(np.dtype(kind).itemsize for kind in KINDS.values())
        disk = 2 * rows + abstraction_bytes(game, sizes) + state
        return Bytes(8 * rows + 2 * buckets + 5 * boards, 2 * rows, disk, disk + 2 * buckets + state)


class Bytes(NamedTuple):
    """What a run takes, about.

    Attributes:
        memory: while it runs.
        file: of the blueprint's strategy.
        disk: of what stays in the directory.
        most_disk: there while it runs: with the buckets of all boards, and the state twice while it is written anew.
    """

    memory: int
    file: int
    disk: int
    most_disk: int


@dataclass(frozen=True)
class BlueprintRow:
    """What a blueprint had cost at an iteration, and its strength."""

    iteration: int
    traversals: int
    seconds: float  # of sampling, wall-clock
    gain: float | None  # chips a deal won from the blueprint of the row before, in the abstract game; None in the first row
    gain_error: float | None  # its standard error
    exploitability: float | None  # chips a deal, exact; None where the game is too large


class BlueprintRun(TrainingRun[BlueprintRow, BucketBlueprint]):
    """A run that makes a blueprint in a directory; what the directory holds is gone on with.

    Args:
        game: the real one.
        config: settings.
        directory: made if need be.
        progress: called with what is being prepared and the share done.

    Raises:
        ValueError: settings that do not fit the game, or another run's state in the directory, or a damaged one.
    """

    def __init__(
        self, game: PublicGame[Any], config: MCCFRConfig, directory: Path, progress: Callable[[str, float], None] | None = None
    ) -> None:
        super().__init__(config.abstract(game), config)
        saved = saved_state(directory, self.game, config)
        directory.mkdir(parents=True, exist_ok=True)
        tell = progress or (lambda what, share: None)
        self.abstraction = self._abstraction(directory, tell)
        indices = self.abstraction.indices()
        shape = (sum(len(index.boards) for index in indices) * len(self.game.hands),)
        flat = load_or_set_aside(directory / BOARDS, lambda path: read_npy(path, shape, np.uint16))
        if flat is None:
            flat = self.abstraction.tabulated(indices, config.threads, lambda share: tell("buckets of all boards", share))
            write_npy(directory / BOARDS, flat)
        if len(indices) > 1:  # the blueprint keeps what takes long to work out, and is asked often
            first, count = len(indices[0].boards), len(indices[1].boards)
            second = flat.reshape(-1, len(self.game.hands))[first : first + count]
            self.abstraction = replace(self.abstraction, second=second)
        sampling = Sampling(deals=config.deals, seed=config.seed, pruned=config.pruned, prune_below=config.prune_below)
        cards = card_arrays(self.game.deck, indices, flat)
        self.solver = MCCFR(self.game, cards, self.abstraction.sizes, sampling, config.threads)
        self._match = BucketMatch(self.solver.bets, cards, config.seed)
        measured = in_16_bits(self.solver.bets, self.solver.average)
        self._measured = BucketBlueprint(self.game, self.abstraction, measured, "measured", "")  # the one whose strength was measured last
        if saved is not None:
            self._go_on(saved, directory)

    def _state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays that going on needs, by name; not copies."""
        return self.solver.state() | {"measured": self._measured.shares}

    def _abstraction(self, directory: Path, tell: Callable[[str, float], None]) -> CardAbstraction:
        path = directory / CENTRES
        saved = load_or_set_aside(path, lambda path: load_abstraction(path, self.game))
        if saved is None:
            (directory / BOARDS).unlink(missing_ok=True)
            tell("centres of buckets", 0.0)
            saved = make_card_abstraction(self.game, sizes_for(self.game, self.config.buckets), self.config.seed)
            save_abstraction(path, saved)
        return saved

    def step(self) -> None:
        """Do one iteration."""
        start = time.perf_counter()
        self.solver.run(1)
        self.iteration, self.seconds = self.solver.iterations, self.seconds + time.perf_counter() - start

    def measure(self) -> BlueprintRow:
        """Measure the blueprint at this point."""
        small = game_size(self.game).boards <= MOST_MEASURED
        exact = exploitability(represent(self.game), self.blueprint().tables()) if small else None
        gain, error = self._match.gain(self.solver.strategy_at, self._measured.at_decision) if self.history else (None, None)
        return BlueprintRow(self.iteration, self.solver.traversals, self.seconds, gain, error, exact)

    def evaluate(self) -> BlueprintRow:
        """Measure the blueprint at this point, once per iteration, and keep it for the next measurement."""
        if not self.measured:
            row, shares = self.measure(), in_16_bits(self.solver.bets, self.solver.average)
            with uninterrupted():  # a state between the two would give the next row another gain
                self.history.append(row)
                self._measured.shares[:] = shares
        return self.history[-1]

    def blueprint(self) -> BucketBlueprint:
        """Return the blueprint at this point."""
        shares = in_16_bits(self.solver.bets, self.solver.average)
        name = f"mccfr:{self.iteration}:" + ":".join(map(str, self.abstraction.sizes[1:]))
        return BucketBlueprint(self.game, self.abstraction, shares, name, digest_of(self.game, self.abstraction, shares))

    def open(self, directory: Path) -> None:
        """Do nothing: a run is made with its directory's state."""

    def save(self, directory: Path) -> None:
        """Write the state and the blueprint."""
        require_finite(self._state())
        about = self.describe() | {"game": self.game.key, "seconds": self.seconds}
        write_archive(directory / STATE, about, self._state())
        menu = [self.config.bets, self.config.raises]
        done: Row = {"iterations": self.iteration, "traversals": self.solver.traversals, "seconds": self.seconds}
        save_blueprint(directory, self.blueprint(), {"menu": menu, **done})

    def finish(self, directory: Path) -> BucketBlueprint:
        """Remove the buckets of all boards, which are large and made again if the run is to go further; return the blueprint."""
        (directory / BOARDS).unlink(missing_ok=True)
        return self.blueprint()

    def _go_on(self, saved: SavedState, directory: Path) -> None:
        arrays = dict(saved.arrays)
        for name, array in self._state().items():
            if (arrays[name].shape, arrays[name].dtype) != (array.shape, array.dtype):
                raise _damaged(directory / STATE, f"{name} must be {array.dtype} {list(array.shape)}")
        self._measured.shares[:] = arrays.pop("measured")
        self.solver.restore(arrays, saved.iteration)
        self.iteration, self.seconds, self.history = saved.iteration, saved.seconds, saved.history


class SavedState(NamedTuple):
    """A run as it was saved."""

    iteration: int
    seconds: float
    history: list[BlueprintRow]
    arrays: dict[str, npt.NDArray[Any]]


def saved_state(directory: Path, game: HoldemGame, config: MCCFRConfig) -> SavedState | None:
    """Return the state in a directory, None where there is none. It is read whole: a damaged one would cost all that went before.

    Raises:
        ValueError: another run's, with the key that differs; or a damaged one.
    """
    path = directory / STATE
    if not os.path.lexists(path):
        return None
    try:
        with open_archive(path) as saved:
            about = saved.json("about")
            arrays = {name: saved.array(name, saved.header(name).shape, dtype) for name, dtype in KINDS.items()}
        theirs, iteration, seconds = about["config"], about["iteration"], about["seconds"]
        require(isinstance(theirs, dict) and whole_in(iteration, 0, MOST_ITERATIONS), "it must have settings and an iteration")
        require(number_in(seconds, 0, 1e12), "its seconds must be a number of at least 0")
        require(all(in_range(name, array) for name, array in arrays.items()), "its arrays must be finite, averages at least 0")
        history = [BlueprintRow(**row) for row in about["history"]]
    except DAMAGES as error:
        raise _damaged(path, first_line(error)) from None
    require_same(theirs, config, iteration, path)  # before the game, whose menu depends on them
    if about.get("game") != game.key:
        raise ValueError(f"game must be that of {path}, got another")
    return SavedState(iteration, float(seconds), history, arrays)


def _damaged(path: Path, why: str) -> ValueError:
    """Return the error of a state that cannot be gone on with."""
    more = "use another directory, or remove the file to begin at iteration 0"
    return ValueError(f"training state must be complete, got one that is not in {path}: {why} ({more})")
