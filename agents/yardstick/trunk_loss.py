"""What a street's strategy loses: bounds of its *trunk loss*, in shares of the pot (``search.boards.held_trunk``).

One seat's strategy of the street is held fast, and everything else is solved as one game: the other seat on all streets, and the same seat
below. What the other seat then has more than it has in the game itself is lost. The *trunk loss* is the mean of both seats. The game's
value need not be known for it: one seat's is minus the other's, so it cancels.

Everything is measured in one game, whatever tree a strategy was made in: the *evaluation game* of the street's start, whose sizes are those
of every tree that the agent may choose, and more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from agents.no_limit.hand import Ranges
from agents.no_limit.plan import LATER, NEAR_ALLIN, RAISED, menu_of
from games.arrays import Float
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus, subgame_of
from search import BoardSolver, Variant
from search.boards.flop_ways import FLOP_SIZES
from search.boards.held_trunk import Bounds, HeldTrunk

LOOKS = 10  # iterations between two looks at bounds
# By street: both players' sizes from there on, and up to how many pots an all-in is offered beside them.
SIZES: dict[str, tuple[Menus, float]] = {
    "river": ((menu_of("25%,33%,50%,75%,100%,150%,200%,300%,a", "50%,100%,a", "100%,a"),), 0.0),
    "turn": ((menu_of("33%,50%,75%,100%,150%", "100%"), RAISED), NEAR_ALLIN),
    "flop": (((FLOP_SIZES, FLOP_SIZES), LATER, LATER), NEAR_ALLIN),
}
STORAGE: dict[str, Any] = {"river": np.float32, "turn": np.float32, "flop": np.float16}  # of regrets: a flop has 2,402 boards
Trunk = Callable[[HoldemState], Float | None]  # see HeldTrunk
Tell = Callable[[int, Bounds], object]  # what hears of a solve: its iterations so far, and its bounds


def evaluation_game(game: HoldemGame, state: HoldemState, ranges: Ranges) -> HoldemGame:
    """Return the evaluation game of a street's start.

    Args:
        game: whole, with any amount.
        state: the first decision of a street after the first.
        ranges: [H] of both players there.
    """
    menus, near = SIZES[game.rounds[game.round(state)]]
    return subgame_of(replace(game, betting=replace(game.betting, add_allin=near)), state, ranges, menus)


def trunk_loss(
    game: HoldemGame,
    trunk: Trunk,
    variant: Variant,
    gap: float,
    most: int,
    threads: int = 1,
    storage: Any = np.float32,
    tell: Tell = lambda done, bounds: None,
) -> Bounds:
    """Return bounds of a trunk loss, in shares of the pot.

    Args:
        game: that it is measured in; its first street is held.
        trunk: returns [A, H] of either seat at each decision of that street, None where the seat is free (it would solve anew).
        variant: of CFR.
        gap: how far apart the bounds may stay, in shares of the pot.
        most: iterations of each seat's solve, at most.
        threads: kernel threads; results do not depend on them.
        storage: dtype of regrets and averages.
        tell: is called after each ``LOOKS`` iterations.
    """

    def over(done: int, bounds: Bounds) -> bool:
        tell(done, bounds)
        return done >= most

    def of_other_seat(seat: int) -> Bounds:
        held = HeldTrunk(BoardSolver(game, variant, threads, storage=storage), seat, trunk)  # gone before the other seat's is made
        return narrowed(held.bounds, held.run, gap * game.pot, over)

    (low_1, high_1), (low_0, high_0) = of_other_seat(0), of_other_seat(1)
    return Bounds((low_0 + low_1) / 2 / game.pot, (high_0 + high_1) / 2 / game.pot)


def narrowed(
    bounds: Callable[[], tuple[float, float]],
    run: Callable[[int], None],
    gap: float,
    over: Callable[[int, Bounds], bool],
    looks: int = LOOKS,
) -> Bounds:
    """Run until two bounds are close enough, or it is over; return them.

    Args:
        bounds: returns them as they are.
        run: does so many iterations.
        gap: how far apart they may stay.
        over: told the iterations so far and the bounds, says whether to end all the same.
        looks: iterations between two looks.
    """
    done = 0
    while True:
        run(looks)
        done += looks
        known = Bounds(*bounds())
        if over(done, known) or known.high - known.low <= gap:
            return known
