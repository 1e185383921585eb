"""Which cards of the last street each iteration deals: a few after each board, drawn anew, in place of all.

An iteration takes what its cards take. Values are right in expectation, and over the iterations all cards come, so nobody learns which ones
do (public chance sampling, of one street: Johanson et al. 2012, "Efficient Nash equilibrium approximation through Monte Carlo
counterfactual regret minimization"). Regrets and averages of a board that is not dealt stay as they are. So earlier streets get many
iterations for the price of one, and the last street fewer: right for whoever solves it again once its card is there.

Cards are drawn by systematic sampling (Madow 1949, "On the theory of systematic sampling II"). After a board they stand in a line in the
order of what they do to it, each as wide as the number of cards that suits make equal to it, and evenly spaced points choose from the line.
Neighbours in the line are alike, so every kind of card comes about as often as it should. The first point moves from board to board and
from iteration to iteration, by shares that spread evenly however many there are. The order is: how many cards of its suit are on the board
(whether a flush gets closer), how many of its rank (whether it pairs the board), its rank, and its suit, the first of which changes from
rank to rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from games.holdem.board_tree import BoardTree
from games.kernels import boards as column

# Multiples of these, modulo 1, are spread evenly however many there are: the second is 1 / p with p^3 = p + 1.
OF_BOARD, OF_ITERATION = (5**0.5 - 1) / 2, 0.7548776662466927


class RiverDraws:
    """See the module.

    Args:
        tree: of a game of several streets, the last of one card.
        count: cards after each board of the street before.

    Raises:
        ValueError: a tree of one street, or a count below 1.
    """

    def __init__(self, tree: BoardTree, count: int) -> None:
        last = len(tree.forests[0].table) - 1
        if last < 1:
            raise ValueError(f"rivers must be left out in a game of one street, got {count}")
        if count < 1:
            raise ValueError(f"rivers must be at least 1, got {count}")
        self._tree, self._count = tree, count
        boards = tree.on_street(last - 1)
        self._above, self._first, self._numbers = np.arange(boards.stop), boards.start, np.arange(len(boards))
        spans = [range(*tree.boards[board, column.CHILD : column.CHILD_END + 1].tolist()) for board in boards]
        lines = [sorted(span, key=lambda b: effect(tree.cards[b][:-1], tree.cards[b][-1])) for span in spans]
        weights = [tree.weight[line].astype(np.float64) for line in lines]
        self._total = np.array([own.sum() for own in weights])  # what all cards after a board count
        shares = [np.cumsum(own) / own.sum() for own in weights]
        for share in shares:
            share[-1] = 1.0
        self._line = np.concatenate(lines)
        self._ends = np.concatenate([number + share for number, share in enumerate(shares)])

    def tree(self, iteration: int) -> BoardTree:
        """Return the part of the tree that an iteration deals, over the same storage; all of it where there are no more cards than that."""
        tree, count, above = self._tree, self._count, len(self._above)
        if len(self._line) <= count * len(self._numbers):
            return tree
        first = (self._numbers * OF_BOARD + iteration * OF_ITERATION) % 1.0
        points = self._numbers[:, None] + (first[:, None] + np.arange(count)) / count
        places, times = np.unique(np.searchsorted(self._ends, points.ravel(), side="right"), return_counts=True)
        rows = self._line[places]
        parent = tree.boards[rows, column.PARENT] - self._first
        boards, kept = tree.boards[np.concatenate([self._above, rows])], slice(self._first, above)
        ends = above + np.cumsum(np.bincount(parent, minlength=len(self._numbers)))
        boards[kept, column.CHILD], boards[kept, column.CHILD_END] = np.append(above, ends[:-1]), ends
        weight = np.append(tree.weight[:above], self._total[parent] / count * times).astype(tree.weight.dtype)
        return replace(tree, boards=boards, weight=weight, cards=(*tree.cards[:above], *(tree.cards[row] for row in rows.tolist())))


def dealt_rows(rows: Sequence[int], boards: Sequence[int], count: int | None) -> int:
    """Return about how many stored rows an iteration goes over: where suits are alike fewer cards are told apart, and a larger share comes.

    Args:
        rows: of both players, street by street.
        boards: street by street.
        count: cards of the last street after each board; None for all.
    """
    if count is None or len(rows) < 2:
        return sum(rows)
    return sum(rows[:-1]) + round(rows[-1] * min(1.0, count * boards[-2] / boards[-1]))


def effect(board: tuple[int, ...], card: int) -> tuple[int, int, int, int]:
    """Return where a card stands in the line, see the module."""
    rank, suit = card // 4, card % 4
    return sum(own % 4 == suit for own in board), sum(own // 4 == rank for own in board), rank, (suit + rank) % 4
