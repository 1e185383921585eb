"""Ways to think about a street before the turn, which has too many run-outs to be solved as a turn is.

All of them solve a simpler game, and answer with its first street: later ones are solved again once their card is there.

* ``to_end``: all run-outs, suits that are alike taken together; one size on turn and river.
* ``runouts``: one size on the turn, and nobody acts on the river. So nothing is stored for a river, and each iteration deals a few of them
  after every turn, drawn anew (``search.boards.river_draws``): over the iterations all of them come, at the price of a few.

``runouts`` is as good as it gets after some 30 iterations; what it then loses is the bets on the river (docs/notebook/holdem.md, "Flops
without a network").
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from games.holdem.board_tree import board_tree
from games.holdem.menus import Menu, Size
from games.holdem.rules import HoldemGame
from search.boards.depth_limit import first_street
from search.boards.solver import BoardSolver
from search.boards.strategy import BoardStrategy
from search.boards.workspace import Workspace
from search.variants import Variant

OFF, PLANNED, TO_END, RUN_OUTS = "off", "plan", "to_end", "runouts"
WAYS = (TO_END, RUN_OUTS)
CHOICES = (OFF, PLANNED, *WAYS)  # of an agent: the blueprint plays, its plan chooses among the ways, or one of them
FLOP = 1  # the round
RIVERS = {TO_END: 8, RUN_OUTS: 2}  # that an iteration deals after each turn
FLOP_SIZES = Menu((Size("%", 33.0), Size("%", 75.0), Size("%", 150.0)), (Size("%", 100.0),), reraises=((),))
ONE_SIZE, NO_BETS = Menu((Size("%", 75.0),), ()), Menu((), ())
Menus = tuple[tuple[Menu, Menu], ...]


def flop_menus(way: str, streets: int) -> Menus:
    """Return both players' sizes of a way, street by street.

    Args:
        way: one of ``WAYS``.
        streets: the flop and those after it.
    """
    silent = int(way == RUN_OUTS and streets > 1)
    menus = (FLOP_SIZES, *[ONE_SIZE] * (streets - 1 - silent), *[NO_BETS] * silent)
    return tuple((menu, menu) for menu in menus)


def game_of_way(game: HoldemGame, way: str) -> HoldemGame:
    """Return what a way solves.

    Args:
        game: that begins with the flop, to the end of the hand, with the sizes that are to be solved with.
        way: one of ``WAYS``.

    Raises:
        ValueError: no way.
    """
    if way not in WAYS:
        raise ValueError(f"flop must be one of {', '.join(WAYS)}, got {way!r}")
    return game if way == TO_END else replace(game, betting=replace(game.betting, silent=1))


def storage_of(way: str) -> Any:
    """Return the dtype of a way's regrets and averages: 16 bits where all run-outs must fit into memory."""
    return np.float16 if way == TO_END else np.float32


def flop_solver(game: HoldemGame, way: str, variant: Variant, threads: int = 1, workspace: Workspace | None = None) -> BoardSolver:
    """Return what solves a game of a way, see ``game_of_way``; ``first_street_of`` its answer is what counts."""
    return BoardSolver(game, variant, threads, storage=storage_of(way), workspace=workspace, rivers=RIVERS[way])


def first_street_of(answer: BoardStrategy) -> BoardStrategy:
    """Return the first street of an answer, as a game that ends there has it; a copy."""
    game = first_street(replace(answer.game, betting=replace(answer.game.betting, silent=0)))
    tree = board_tree(game, answer.tree.weight.dtype)
    first, second = (own[:rows].copy() for own, rows in zip(answer.average, tree.stored_rows, strict=True))
    return BoardStrategy(game, tree, (first, second))
