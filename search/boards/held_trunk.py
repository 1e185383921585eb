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
from games.kernels import LANES
from games.kernels.boards import DECISIONS, FIRST_ROW, HANDS, LINES, ROWS
from search.boards.solver import BoardSolver
from search.boards.strategy import BoardStrategy

# Regrets so large that what an iteration adds changes no probability; in 16 bits by 3e-4 at most, as its regrets are 16 at most there.
HELD, HELD_16 = 1e20, 6e4


class Bounds(NamedTuple):
    """What the other seat has above a trunk, in chips a deal: between what it is sure of and what a best response finds."""

    low: float
    high: float


class HeldTrunk:
    """A game in which one seat's first street is held fast, solved by CFR.

    Args:
        solver: of the game, before its first iteration; it belongs to this object from here on.
        seat: whose first street is held.
        trunk: returns the seat's [A, H] at each of its decisions of the first street, None where it is free; hands that suits make equal
            must play alike.
    """

    def __init__(self, solver: BoardSolver, seat: int, trunk: Callable[[HoldemState], Float | None]) -> None:
        self.solver, self.seat = solver, seat
        tree, bets = solver.tree, solver.game.bets
        table = tree.forests[seat].table[0]
        self._rows = -(-int(tree.boards[0, HANDS + seat]) // LANES) * int(table[ROWS] - table[LINES])
        shares, weighted, marks = (np.zeros((self._rows, LANES)) for _ in range(3))
        behaviour, reached, marked = (BoardStrategy(solver.game, tree, (rows, rows)) for rows in (shares, weighted, marks))
        reach: dict[int, Float | None] = {0: np.ones(len(solver.game.hands))}  # None below a decision that is free
        cards = tree.cards[0]
        for node in np.flatnonzero(bets.round == 0).tolist():  # in preorder: reach is known
            own = reach.pop(node)
            acting, below = int(bets.player[node]), bets.children(node)
            policy: Float | None = np.ones((len(below), 1))
            if acting == seat and own is not None:
                policy = trunk(solver.game.state_at(node, cards))
                if policy is not None:
                    behaviour.put(node, cards, policy)
                    reached.put(node, cards, own * policy)
                    marked.put(node, cards, np.ones_like(policy))
            if own is None or policy is None:
                reach |= dict.fromkeys(below)
            else:
                reach |= {child: own * row for child, row in zip(below, policy, strict=True)}
        self._held = marks > 0
        self._regrets = (shares * (HELD_16 if solver.storage == np.float16 else HELD)).astype(solver.storage)
        self._shares, self._average = shares, weighted.astype(solver.storage)

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        for _ in range(iterations):
            for rows in (self.solver.regret, self.solver.matching):
                np.copyto(rows[self.seat][: self._rows], self._regrets, where=self._held)
            self.solver.run(1)

    def bounds(self) -> Bounds:
        """Return what the other seat has, from the average strategies so far."""
        np.copyto(self.solver.average[self.seat][: self._rows], self._average, where=self._held)
        ((other,), (own,)) = (self.solver.best_cfvs(player, range(1)) for player in (1 - self.seat, self.seat))
        return Bounds(-self._value(self.seat, self._with_trunk(own)), self._value(1 - self.seat, other[0]))

    def _value(self, player: int, cfvs: Float) -> float:
        """Return chips a deal of cfvs [hands] at the root."""
        game = self.solver.game
        return float(game.ranges[player][self.solver.tree.hands_at(player, 0)] @ cfvs) / game.deal_mass

    def _with_trunk(self, best: Float) -> Float:
        """Return [hands], what the seat has at the root with its trunk, of [rows, hands] with a best response on the first street, too."""
        forest, tree = self.solver.tree.forests[self.seat], self.solver.tree
        table, hands = forest.table[0], best.shape[1]
        first = forest.first_row[int(table[FIRST_ROW]) :].astype(np.int64)
        shares = tree.by_hand(self.seat, 0, self._shares)[:, :hands]
        held: Float = best.copy()
        above = int(table[LINES])
        every = [(int(forest.parent_row[k]), slice(int(first[k]), int(first[k + 1]))) for k in range(int(table[DECISIONS]))]
        decisions = [(parent, rows) for parent, rows in every if shares[rows.start - above : rows.stop - above].any()]  # those not free
        for parent, rows in decisions:  # what a row has without the decisions that follow it
            held[parent] -= best[rows].max(axis=0)
        for parent, rows in reversed(decisions):
            held[parent] += (shares[rows.start - above : rows.stop - above] * held[rows]).sum(axis=0)
        value: Float = held[0]
        return value
