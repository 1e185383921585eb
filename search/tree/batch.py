"""Many depth-limited subgames solved side by side: one sweep over all of them, and one question for all their leaves.

At the size of these subgames a call from Python costs more than its work. K subgames, cut at leaves, stand one behind the other in one
set of arrays; rows 0 .. K - 1 are the players' last rows before the K roots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from games import TERMINAL
from games.arrays import Array, Float, Index
from games.kernels import LANES, DenseTerminals, aligned_zeros
from search.frontier import LeafEvaluator, mean_values
from search.kernels import (
    UNSAFE,
    Choice,
    GadgetArrays,
    Side,
    Span,
    add_to_means,
    evaluate,
    iterate,
    match_regrets,
    plain,
    propagate_reach,
    sweep_to_leaves,
)
from search.tree.depth_limit import CutTree
from search.variants import BLOCK, Variant, coefficients

Pair = tuple[Float, Float]


class DepthLimitedBatch:
    """CFR on K cut subgames of one tree, without gadgets; each comes to the same as ``DepthLimitedSolver`` does.

    Args:
        cuts: K subgames.
        ranges: per player [K, H], at the roots.
        variant: of CFR.
        leaves: what says what the leaves are worth.
    """

    def __init__(self, cuts: Sequence[CutTree], ranges: Pair, variant: Variant, leaves: LeafEvaluator[int]) -> None:
        self.cuts, self.variant, self.leaves, self.iterations = cuts, variant, leaves, 0
        self._rows = tuple(_first_rows(cuts, p) for p in (0, 1))
        self._sides = self._side(0, ranges[0]), self._side(1, ranges[1])
        self._plain = plain(self._sides[0]), plain(self._sides[1])
        self._spans = tuple(plain(_whole(side)) for side in self._sides)
        self.first_leaf = np.append(0, np.cumsum([len(cut.leaves) for cut in cuts])).tolist()
        self.nodes = [node for cut in cuts for node in cut.nodes[cut.leaves].tolist()]
        leaves.enter(self.nodes)
        numbered = list(enumerate(cuts))
        self._leaf_rows = tuple(np.concatenate([self._row(p, k, part.tree.row[p, part.leaves]) for k, part in numbered]) for p in (0, 1))
        self._leaf_cfvs = tuple(aligned_zeros(len(self.nodes), own.shape[1]) for own in ranges)
        self.leaf_weights = np.concatenate([cut.tree.chance_weights[cut.tree.chance_of[cut.leaves]] for cut in cuts])
        self._root_weights = np.concatenate([cut.tree.chance_weights[cut.tree.chance_of[[0]]] for cut in cuts])
        self._leaf_sums = tuple(np.zeros((2, len(self.nodes), own.shape[1])) for own in ranges)
        self._root_sums = tuple(np.zeros((2, *own.shape)) for own in ranges)
        self._none = Choice(UNSAFE, 0, np.zeros((len(GadgetArrays._fields), LANES, 1)))

    def _row(self, player: int, number: int, rows: Index) -> Index:
        """Return rows of a cut tree as rows of the batch."""
        found: Index = np.where(rows == 0, number, self._rows[player][number] + rows.astype(np.int64) - 1).astype(np.uint32)
        return found

    def _side(self, player: int, ranges: Float) -> Side:
        """Return a player's arrays at the start of a solve: uniform strategies, and no regrets."""
        first: list[Array] = [np.array([len(self.cuts)])]
        parents, terminals = list[Index](), list[DenseTerminals]()
        for number, cut in enumerate(self.cuts):
            own, view = cut.tree.sequences[player], cut.tree.terminals[player]
            first.append(self._rows[player][number] + own.first_row[1:].astype(np.int64) - 1)
            parents.append(self._row(player, number, own.parent_row))
            ends = np.delete(np.arange(len(view.own_row)), np.searchsorted(np.flatnonzero(cut.tree.player == TERMINAL), cut.leaves))
            rows = self._row(player, number, view.own_row[ends]), self._row(1 - player, number, view.other_row[ends])
            terminals.append(DenseTerminals(*rows, view.matrix[ends], view.scale[ends], view.payoff, view.other_hands))
        own_row, other_row, matrix, scale = (np.concatenate([view[i] for view in terminals]) for i in range(4))
        joined = DenseTerminals(own_row, other_row, matrix, scale, terminals[0].payoff, terminals[0].other_hands)
        sequences = np.concatenate(first).astype(np.uint32), np.concatenate(parents)
        arrays = [aligned_zeros(self._rows[player][-1], ranges.shape[1]) for _ in range(5)]
        side = Side(*sequences, joined, *arrays)
        side.reach[: len(self.cuts), : ranges.shape[1]] = ranges
        span = plain(_whole(side))
        match_regrets(side.first_row, span, side.regret, side.strategy)  # uniform
        propagate_reach(side.first_row, side.parent_row, span, side.strategy, side.reach)
        return side

    def run(self, iterations: int) -> None:
        """Do that many iterations."""
        for _ in range(iterations):
            block, t = divmod(self.iterations, BLOCK)
            weights = coefficients(self.variant, block)
            for p in (0, 1):
                self._half(p, weights, t)
            self.iterations += 1

    def run_to_the_end(self, iterations: int) -> None:
        """Do that many iterations of subgames that have no leaves, in one call; what the roots are worth is not averaged."""
        weights = coefficients(self.variant)
        iterate(*self._plain, *self._spans, plain(self._none), weights, self.iterations, self.iterations + iterations)
        self.iterations += iterations

    def best_responses(self) -> Pair:
        """Return per player [K, H], the cfvs of best responses to the other player's average strategy.

        Raises:
            ValueError: there are leaves: what is played below them is not known.
        """
        if self.nodes:
            raise ValueError(f"subgames must go on to the end of the game for best responses, got {len(self.nodes)} leaves")
        found = list[Float]()
        for p in (0, 1):
            side, other, hands = self._sides[p], self._sides[1 - p], self._root_sums[p].shape[2]
            policy, reach = np.zeros_like(other.average), other.reach.copy()
            match_regrets(other.first_row, self._spans[1 - p], other.average, policy)
            propagate_reach(other.first_row, other.parent_row, self._spans[1 - p], policy, reach)
            evaluate(side.first_row, side.parent_row, self._plain[p][2], self._spans[p], reach, side.strategy, True, side.cfv)
            found.append(side.cfv[: len(self.cuts), :hands].copy())
        return found[0], found[1]

    def _half(self, p: int, weights: Float, t: int) -> None:
        """Do a player's half of an iteration."""
        count, ranges = len(self.cuts), self.leaf_ranges()
        hands = ranges[p].shape[1]
        cfvs = self.leaves.cfvs(p, ranges)
        self._leaf_cfvs[p][:, :hands] = cfvs
        sides = self._plain[p], self._plain[1 - p]
        sweep_to_leaves(*sides, self._spans[p], UNSAFE, self._none.arrays, self._leaf_rows[p], self._leaf_cfvs[p], weights, t)
        worth, other = self._sides[p].cfv[:count, :hands].copy(), self._sides[1 - p].reach[:count, : ranges[1 - p].shape[1]].copy()
        add_to_means(p, self._leaf_sums[p], cfvs, self.leaf_weights, ranges[1 - p], weights[t, 2])
        add_to_means(p, self._root_sums[p], worth, self._root_weights, other, weights[t, 2])

    def values(self) -> Pair:
        """Return per player [K, H] chips, see ``DepthLimitedSolver.values``."""
        return mean_values(self._root_sums[0]), mean_values(self._root_sums[1])

    def leaf_ranges(self) -> Pair:
        """Return per player [B, H], the ranges that the present strategies bring to the leaves of all subgames, one behind the other."""
        first, second = (self._sides[p].reach[:, : self._root_sums[p].shape[2]].take(self._leaf_rows[p], 0) for p in (0, 1))
        return first, second

    def strategies(self, average: bool = True) -> list[Pair]:
        """Return per subgame both players' [R - 1, padded H] on its own tree: the average strategies so far, or the present ones."""
        tables = list[Float]()
        for side, span in zip(self._sides, self._spans, strict=True):
            table = side.strategy if not average else np.zeros_like(side.average)
            if average:
                match_regrets(side.first_row, span, side.average, table)
            tables.append(table)
        spans = [[(rows[k], rows[k + 1]) for rows in self._rows] for k in range(len(self.cuts))]
        return [(tables[0][slice(*first)].copy(), tables[1][slice(*second)].copy()) for first, second in spans]


def _whole(side: Side) -> Span:
    """Return all of a player's arrays."""
    return Span(0, len(side.parent_row), 0, len(side.regret), 0, 0, len(side.terminals.own_row))


def _first_rows(cuts: Sequence[CutTree], player: int) -> list[int]:
    """Return [K + 1], the row of the batch where each subgame's second row stands, and the number of rows."""
    counts = [cut.tree.num_rows(player) - 1 for cut in cuts]
    found: list[int] = (len(cuts) + np.append(0, np.cumsum(counts))).tolist()
    return found
