"""The floor of a network's size: what the policy networks play when they are fitted to a solution instead of to what self-play remembers.

It is a baseline beside a trained policy, never a result: its targets come from a tabular solution of the game. No trainer whose last step
is this fit can be expected to come below it. Where it is high, the networks' features, size or loss must change before training is worth
its time.
"""

from __future__ import annotations

from typing import NamedTuple

from search import Solver, variant
from search.boards.infostates import BoardInfostates
from search.boards.solver import BoardSolver
from search.infostates import Infostates, Table


class Floor(NamedTuple):
    """What a fit to a solution came to, in chips, exact."""

    exploitability: float  # of the networks
    solution: float  # exploitability of what they were fitted to
    solve_iterations: int  # of CFR
    seconds: float  # of the fit


def solved(infostates: Infostates, iterations: int) -> tuple[list[Table], list[Table]]:
    """Return both players' average strategies after that many iterations of CFR, per block [C, R]."""
    if isinstance(infostates, BoardInfostates):
        on_boards = BoardSolver(infostates.game, variant("default_holdem"))
        on_boards.run(iterations)
        stored = on_boards.answer().average
    else:
        solver = Solver(infostates.tree, variant("default"))
        solver.run(iterations)
        stored = solver.answer().tables
    return infostates.tables(0, stored[0]), infostates.tables(1, stored[1])
