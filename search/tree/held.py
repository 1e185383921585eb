"""Decisions whose strategy is held, in games derived from OpenSpiel: see ``search.boards.held``.

These games are small, and their kernels know nothing of it. A held strategy is written in place of regrets, so large that what a few
iterations add changes no probability in float64; and best responses are mended from the held decisions upwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from games import PublicTree
from games.arrays import Bool, Float
from search.tree.strategy import Strategy

LARGE = 1e100  # of a held hand's regrets: discounts and what is added leave shares alone to 1e-16, if written again after MOST iterations
MOST = 64


@dataclass(frozen=True)
class HeldSide:
    """One player's held decisions.

    Attributes:
        rows: [n] rows of the tree.
        held: [n, padded H], whether a hand is held there.
        shares: [n, padded H], what it plays.
        decisions: numbers of the held decisions among the player's.
        marks: per held decision [padded H], whether a hand is held.
    """

    rows: npt.NDArray[np.int64]
    held: Bool
    shares: Float
    decisions: tuple[int, ...]
    marks: tuple[Bool, ...]

    def write(self, table: Float, scale: float = 1.0, first: int = 0) -> None:
        """Write what is held, times ``scale``, into [R, padded H] whose first row is the tree's row ``first``, in place."""
        rows = self.rows - first
        table[rows] = np.where(self.held, scale * self.shares, table[rows])


class HeldNodes:
    """Both players' held decisions.

    Args:
        tree: of the game.
        decisions: by public node [A, H], what the acting player plays, and [H], which hands are held.
    """

    def __init__(self, tree: PublicTree, decisions: Mapping[int, tuple[Float, Bool]]) -> None:
        self.tree = tree
        self.sides = self._side(0, decisions), self._side(1, decisions)

    def _side(self, player: int, decisions: Mapping[int, tuple[Float, Bool]]) -> HeldSide:
        tree, padded = self.tree, self.tree.padded_hands(player)
        rows, held, shares = [np.zeros(0, np.int64)], [np.zeros((0, padded), np.bool_)], [np.zeros((0, padded))]
        numbers, marks = list[int](), list[Bool]()
        nodes = tree.sequences[player].node.tolist()
        for node, (policy, hands) in decisions.items():
            if tree.player[node] == player:
                where = tree.rows_at(node)
                mark = np.zeros(padded, np.bool_)
                mark[: len(hands)] = hands
                wide = np.zeros((len(policy), padded))
                wide[:, : len(hands)] = policy
                rows.append(np.arange(where.start, where.stop))
                held.append(np.broadcast_to(mark, wide.shape))
                shares.append(wide)
                numbers.append(nodes.index(node))
                marks.append(mark)
        return HeldSide(np.concatenate(rows), np.concatenate(held), np.concatenate(shares), tuple(numbers), tuple(marks))

    def fixed(self, strategy: Strategy) -> Strategy:
        """Return a strategy of the whole game with what is held in it."""
        tables = [table.copy() for table in strategy.tables]
        for side, table, (first, _) in zip(self.sides, tables, strategy.span.rows, strict=True):
            side.write(table, first=first)
        return Strategy(strategy.tree, strategy.span, (tables[0], tables[1]))

    def mended(self, player: int, cfv: Float) -> Float:
        """Return [padded H], a player's best-response cfvs at the root where it plays what is held.

        Args:
            player: who responds.
            cfv: [R, padded H], cfvs of its sequences under a free best response; changed in place, for rows above held decisions.
        """
        sequences, side = self.tree.sequences[player], self.sides[player]
        first, free = sequences.first_row.astype(np.int64), cfv.copy()
        held = dict(zip(side.decisions, side.marks, strict=True))
        waiting = set(held)
        shares = np.zeros_like(cfv)
        side.write(shares)
        while waiting:
            k = max(waiting)  # rows of a decision come after those above it: all that lies below is done
            waiting.remove(k)
            rows, above = slice(int(first[k]), int(first[k + 1])), int(sequences.parent_row[k])
            value = cfv[rows].max(axis=0)
            if k in held:
                value = np.where(held[k], (shares[rows] * cfv[rows]).sum(axis=0), value)
            cfv[above] += value - free[rows].max(axis=0)
            if above >= first[0]:
                waiting.add(int(np.searchsorted(first, above, side="right")) - 1)
        root: Float = cfv[0]
        return root
