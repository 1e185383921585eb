"""What a first street costs the player who plays it: the *trunk loss* of a strategy.

A *trunk* is one seat's strategy of the first street. It is held fast, and everything else is solved as one game: the other seat on all
streets, the trunk's own seat on the streets below. What the other seat then has, less what it has in the game itself, is the trunk's loss.
No solve of later streets can lose less above that trunk.

A trunk may lack decisions, those after bets that its maker did not offer. The seat then plays them as well as can be: who meets such a bet
solves anew with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from games.arrays import Float
from games.holdem.rules import HoldemState
from search.boards.held import HeldDecision
from search.boards.solver import BoardSolver


class Bounds(NamedTuple):
    """What the other seat has above a trunk, in chips a deal: between what it is sure of and what a best response finds."""

    low: float
    high: float


class HeldTrunk:
    """A game in which one seat's first street is held fast (see ``search.boards.held``), solved by CFR.

    Args:
        solver: of the game, before its first iteration; it belongs to this object from here on.
        seat: whose first street is held.
        trunk: returns the seat's [A, H] at each of its decisions of the first street, None where it is free; below such a decision it is
            not asked. Hands that suits make equal must play alike.
    """

    def __init__(self, solver: BoardSolver, seat: int, trunk: Callable[[HoldemState], Float | None]) -> None:
        self.solver, self.seat = solver, seat
        game, cards, held = solver.game, solver.tree.cards[0], list[HeldDecision]()
        bets, free = game.bets, set[int]()  # nodes below a decision that is free
        for node in np.flatnonzero(game.bets.round == 0).tolist():  # in preorder
            policy = trunk(game.state_at(node, cards)) if bets.player[node] == seat and node not in free else None
            if policy is not None:
                held.append(HeldDecision(node, cards, policy, np.ones(len(game.hands), np.bool_)))
            elif bets.player[node] == seat or node in free:
                free.update(bets.children(node))
        solver.hold(held)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        self.solver.run(iterations)

    def bounds(self) -> Bounds:
        """Return what the other seat has, from the average strategies so far."""
        values = self.solver.best_response_values()
        return Bounds(-values[self.seat], values[1 - self.seat])
