"""Strategies as tables over a public tree or a subgame of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from games import PublicTree
from games.public_tree import Slice

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Strategy:
    """Both players' action probabilities at and below one public node.

    Attributes:
        tree: the public tree.
        span: the part that the tables cover.
        tables: per player [rows of the span, padded H] f8; column h of a decision's rows sums to one.
    """

    tree: PublicTree
    span: Slice
    tables: tuple[Float, Float]

    def covers(self, node: int) -> bool:
        """Say whether ``node`` lies in the span."""
        return self.span.node <= node < self.span.end

    def at(self, node: int) -> Float:
        """Return the acting player's [A, H] at a decision, a view.

        Raises:
            ValueError: nobody acts there, or the node lies outside the span.
        """
        if not self.covers(node):
            raise ValueError(f"node must be in {self.span.node}..{self.span.end - 1}, got {node}")
        rows = self.tree.rows_at(node)
        player = int(self.tree.player[node])
        first = self.span.rows[player][0]
        view: Float = self.tables[player][rows.start - first : rows.stop - first, : self.tree.num_hands(player)]
        return view

    def below(self, node: int) -> Strategy:
        """Return the part at and below ``node`` (views).

        Raises:
            ValueError: the node lies outside the span.
        """
        if not self.covers(node):
            raise ValueError(f"node must be in {self.span.node}..{self.span.end - 1}, got {node}")
        inner = self.tree.subgame(node)
        cut = [t[lo - s[0] : hi - s[0]] for t, (lo, hi), s in zip(self.tables, inner.rows, self.span.rows, strict=True)]
        return Strategy(self.tree, inner, (cut[0], cut[1]))

    def ranges(self, node: int, start: tuple[Float, Float]) -> tuple[Float, Float]:
        """Return both players' reach [H] at ``node`` when they play from the span's root with ranges ``start``.

        Raises:
            ValueError: the node lies outside the span.
        """
        reach = [start[0].copy(), start[1].copy()]
        path = self.tree.path(node, self.span.node)
        for above, here in pairwise(path):
            player = int(self.tree.player[above])
            if player >= 0:
                row = int(self.tree.row[player, here]) - self.span.rows[player][0]
                reach[player] *= self.tables[player][row, : len(reach[player])]
        return reach[0], reach[1]


def uniform(tree: PublicTree, node: int = 0) -> Strategy:
    """Return the strategy that takes every legal action with the same probability."""
    span = tree.subgame(node)
    tables = []
    for p in (0, 1):
        lo, hi = span.decisions[p]
        first = tree.sequences[p].first_row[lo : hi + 1].astype(np.int64)
        counts = first[1:] - first[:-1]
        tables.append(np.repeat(1.0 / np.maximum(counts, 1), counts)[:, None] * np.ones((1, tree.padded_hands(p))))
    return Strategy(tree, span, (tables[0], tables[1]))


def full_ranges(tree: PublicTree) -> tuple[Float, Float]:
    """Return the ranges at the root of a game: every hand has reach one (deal weights live in the terminals)."""
    return np.ones(tree.num_hands(0)), np.ones(tree.num_hands(1))


def check_strategy(strategy: Strategy, name: str = "strategy") -> None:
    """Refuse tables that are no probabilities.

    Raises:
        ValueError: NaN, a negative entry, or a decision whose probabilities do not sum to one; names the public node.
    """
    tree = strategy.tree
    for p in (0, 1):
        lo, hi = strategy.span.decisions[p]
        if hi == lo:
            continue
        table = strategy.tables[p][:, : tree.num_hands(p)]
        first = tree.sequences[p].first_row[lo:hi].astype(np.int64) - strategy.span.rows[p][0]
        sums = np.add.reduceat(table, first, axis=0)
        smallest = np.minimum.reduceat(table, first, axis=0)
        bad = ~((np.abs(sums - 1) < 1e-6) & (smallest >= 0)).all(axis=1)
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            node = int(tree.sequences[p].node[lo + k])
            got = (
                "NaN" if np.isnan(sums[k]).any() else smallest[k].min() if (smallest[k] < 0).any() else f"sums {sums[k].round(6).tolist()}"
            )
            raise ValueError(
                f"{name} must be probabilities that sum to one at every decision, got {got} at public node {tree.text(node)!r}"
            )
