"""Ways to think about a street before the turn, which has too many run-outs to be solved as a turn is.

All of them solve a game with fewer run-outs, or the whole one, and answer with its first street: later ones are solved again once their
card is there.

* ``to_end``: all run-outs, suits that are alike taken together; one size on turn and river.
* ``runouts``: a sample of them, see ``games.holdem.run_outs``; one size on the turn, and no bets on the river.

Without bets on the river few rivers are enough, because they only tell who wins. So the sample has all turns, which a flop's strategy
depends on most, and as many rivers as the time allows: a flop's strategy is soon as good as its sample (docs/notebook/holdem.md, "Flops
without a network").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from games.holdem.board_tree import board_tree, game_size
from games.holdem.menus import Menu, Size
from games.holdem.rules import HoldemGame
from games.holdem.run_outs import with_run_outs
from search.boards.depth_limit import first_street
from search.boards.solver import BoardSolver
from search.boards.strategy import BoardStrategy
from search.boards.workspace import Workspace
from search.variants import Variant

OFF, PLANNED, TO_END, RUN_OUTS = "off", "plan", "to_end", "runouts"
WAYS = (TO_END, RUN_OUTS)
CHOICES = (OFF, PLANNED, *WAYS)  # of an agent: the blueprint plays, its plan chooses among the ways, or one of them
FLOP = 1  # the round
COUNTS = (49, 10)  # turns, and rivers after each, where no clock runs
FEWEST_RIVERS, MOST_RIVERS = 2, 24
ITERATIONS = 20  # for which there must be time if a sample is to be larger
FLOP_SIZES = Menu((Size("%", 33.0), Size("%", 75.0), Size("%", 150.0)), (Size("%", 100.0),), reraises=((),))
ONE_SIZE, NO_BETS = Menu((Size("%", 75.0),), ()), Menu((), ())
Menus = tuple[tuple[Menu, Menu], ...]


def flop_menus(way: str, streets: int) -> Menus:
    """Return both players' sizes of a way, street by street.

    Args:
        way: one of ``WAYS``.
        streets: the flop and those after it.
    """
    later = [ONE_SIZE] * (streets - 1)
    if way == RUN_OUTS and later:
        later[-1] = NO_BETS
    return tuple((menu, menu) for menu in (FLOP_SIZES, *later))


def game_of_way(game: HoldemGame, way: str, counts: Sequence[int] = COUNTS, seed: int = 0) -> HoldemGame:
    """Return what a way solves.

    Args:
        game: that begins with the flop, to the end of the hand, with the sizes that are to be solved with.
        way: one of ``WAYS``.
        counts: of a sample, see ``games.holdem.run_outs.with_run_outs``.
        seed: of a sample.

    Raises:
        ValueError: no way, or counts that fit no sample.
    """
    if way not in WAYS:
        raise ValueError(f"flop must be one of {', '.join(WAYS)}, got {way!r}")
    return game if way == TO_END else with_run_outs(game, counts[: len(game.deals) - 1], seed)


def counts_for(game: HoldemGame, seconds: float, row_seconds: float) -> tuple[int, ...]:
    """Return how many turns and rivers a sample has that is to be solved in some time.

    Args:
        game: see ``game_of_way``.
        seconds: there are; infinite where no clock runs.
        row_seconds: of an iteration, by stored row; 0 where it is not known.
    """
    streets = len(game.deals) - 1
    if streets < 2 or not math.isfinite(seconds) or row_seconds <= 0:
        return COUNTS[:streets]
    one, two = (rows_of_way(game, RUN_OUTS, (COUNTS[0], rivers)) for rivers in (1, 2))
    fitting = 1 + (seconds / (ITERATIONS * row_seconds) - one) / max(two - one, 1)
    return COUNTS[0], int(min(max(fitting, FEWEST_RIVERS), MOST_RIVERS))


def rows_of_way(game: HoldemGame, way: str, counts: Sequence[int]) -> int:
    """Return how many rows an iteration of a way goes over; arguments as for ``game_of_way``."""
    return sum(game_size(game_of_way(game, way, counts)).rows)


def most_of_way(game: HoldemGame, way: str) -> HoldemGame:
    """Return the largest game that a way solves in place of one."""
    return game_of_way(game, way, (COUNTS[0], MOST_RIVERS))


def storage_of(way: str) -> Any:
    """Return the dtype of a way's regrets and averages: 16 bits where all run-outs must fit into memory."""
    return np.float16 if way == TO_END else np.float32


def flop_solver(
    game: HoldemGame, way: str, variant: Variant, threads: int = 1, workspace: Workspace | None = None, counts: Sequence[int] = COUNTS
) -> BoardSolver:
    """Return what solves a game that begins with the flop in one of the ways; ``first_street_of`` its answer is what counts."""
    return BoardSolver(game_of_way(game, way, counts), variant, threads, storage=storage_of(way), workspace=workspace)


def first_street_of(answer: BoardStrategy) -> BoardStrategy:
    """Return the first street of an answer, as a game that ends there has it; a copy."""
    game = first_street(replace(answer.game, run_outs=None))
    tree = board_tree(game, answer.tree.weight.dtype)
    first, second = (own[:rows].copy() for own, rows in zip(answer.average, tree.stored_rows, strict=True))
    return BoardStrategy(game, tree, (first, second))
