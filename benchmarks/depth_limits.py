"""What does an iteration cost that stops before the card, beside one that goes on to the end of the hand?

    OPENBLAS_NUM_THREADS=1 python benchmarks/depth_limits.py [--repeats N] [--write | --check]    # see benchmarks/tables.py

Two first streets of hold'em on one thread. Before the flop of a game of 20 cards a strategy of the whole game goes on below the leaves
(``BoardContinuation``). On a flop of 52 cards with all hands, leaves are exact where all chips are in, and worth nothing elsewhere: that is
the time between the questions. *Ready* is what happens once: the tree, and the matrices of the leaves. BLAS multiplies matrices, and its
threads wait for each other where other programs run: hence the variable.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from tables import HOLDEM, Table, options

from games.holdem.config import Holdem, Spot
from games.holdem.rules import HoldemGame
from search import BoardSolver, variant
from search.boards.continuations import BoardContinuation
from search.boards.depth_limit import BoardDepthLimitedSolver
from search.boards.settled_leaves import SettledLeaves

SEARCH, BLUEPRINT = "default_holdem", 20  # iterations of the strategy that goes on
MS3 = {
    "ranks": "TJQKA",
    "deals": [0, 1, 1, 1],
    "blinds": [1, 2],
    "stack": 162,
    "bets": "100%",
    "raises": "100%",
    "raise_cap": 1,
    "min_bet": 2,
}
FLOP = {"board": "Td9d6h", "ranges": ["full", "full"], "pot": 20, "stack": 90, "bets": "75%,a", "raises": "a"}
ROWS = ("ms3f1t1r1h5, before the flop", "a flop of 52 cards, all hands")
TABLE = Table(
    "iterations to a depth limit", HOLDEM,
    ["first street", "leaves", "all-in", "ready, s of CPU", "iteration, ms of CPU", "to the end, ms of CPU"],
    [(row,) for row in ROWS],
)  # fmt: skip
TABLES = (TABLE,)


class Nothing:
    """Leaves that are worth nothing."""

    name = "nothing"

    def fingerprint(self) -> bytes:
        return b""

    def enter(self, leaves: object, /) -> None:
        """Any leaves will do."""

    def cfvs(self, player: int, reach: tuple[np.ndarray, np.ndarray], /) -> np.ndarray:
        return np.zeros(reach[player].shape)


def milliseconds(run: Callable[[int], None], iterations: int, repeats: int) -> float:
    """Return the best CPU time of an iteration."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        run(iterations)
        best = min(best, time.process_time() - start)
    return 1e3 * best / iterations


def measure(game: HoldemGame, continuing: bool, repeats: int) -> list[str]:
    """Return a row's numbers."""
    whole = BoardSolver(game, variant(SEARCH))
    whole.run(BLUEPRINT if continuing else 1)
    BoardDepthLimitedSolver(game, variant(SEARCH), SettledLeaves(game, Nothing())).warm_up()
    start = time.process_time()
    leaves = BoardContinuation(whole.answer()) if continuing else SettledLeaves(game, Nothing())
    solver = BoardDepthLimitedSolver(game, variant(SEARCH), leaves)
    ready = time.process_time() - start
    settled = sum(map(game.settled, solver.leaf_states))
    limited, to_the_end = milliseconds(solver.run, 50, repeats), milliseconds(whole.run, 1, repeats)
    return [str(len(solver.leaf_states)), str(settled), f"{ready:.1f}", f"{limited:.2f}", f"{to_the_end:.0f}"]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=8)
    given = parser.parse_args(options(TABLES))
    games = Holdem(name="ms3f1t1r1h5", **MS3).build(), Spot(**FLOP).build()
    rows = [[row, *measure(game, game is games[0], given.repeats)] for row, game in zip(ROWS, games, strict=True)]
    TABLE.show(rows, f"The best of {given.repeats} repeats; one thread")


if __name__ == "__main__":
    main()
