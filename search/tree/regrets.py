"""Instantaneous regrets of a strategy, one full sweep of the public tree: what self-play training learns from.

With cfv(I, a) the counterfactual value of action a at infostate I when both play the strategy σ:

    regret(I, a) = cfv(I, a) - Σ_b σ(I, b) cfv(I, b)                    (Zinkevich et al. 2007, eq. 7)

and regret(I, a) / cf_reach(I) is the advantage that Deep CFR regresses on (Brown et al. 2019, arXiv 1811.00164, section 4).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games import PublicTree
from search.kernels import evaluate, propagate_reach
from search.tree.evaluator import span_of
from search.tree.strategy import Strategy

Float = npt.NDArray[np.float64]


class Regrets(NamedTuple):
    """One player's sweep: R the player's sequences, K the player's decisions, both in preorder; hands not padded."""

    regret: Float  # [R - 1, H] instantaneous regret of each sequence but the empty one, as in a strategy's table
    cf_reach: Float  # [K, H] opponent's and chance's probability of coming to each decision, deal included
    reach: Float  # [K, H] the player's own


class RegretSweep:
    """Exact regrets of whole-game strategies on one tree; index arrays and scratch are made once. Not for two threads at a time."""

    def __init__(self, tree: PublicTree) -> None:
        self.tree = tree
        self._part = tree.subgame()
        shapes = [(tree.num_rows(p), tree.padded_hands(p)) for p in (0, 1)]
        self._reach = [np.zeros(s) for s in shapes]
        self._policy = [np.zeros(s) for s in shapes]
        self._cfv = [np.zeros(s) for s in shapes]
        weights = (tree.chance_weights, tree.chance_weights.transpose(0, 2, 1))
        self._chance = [np.ascontiguousarray(weights[p][tree.chance_of[tree.sequences[p].node]]) for p in (0, 1)]  # [K, H, H_other]
        self._other_row = [tree.row[1 - p, tree.sequences[p].node] for p in (0, 1)]
        first_rows = [s.first_row.astype(np.int64) for s in tree.sequences]
        self._counts = [first[1:] - first[:-1] for first in first_rows]

    def regrets(self, strategy: Strategy, player: int) -> Regrets:
        """Return ``player``'s instantaneous regrets when both play ``strategy``.

        Raises:
            ValueError: the strategy does not cover the whole game.
        """
        if strategy.span.node != 0:
            raise ValueError(f"strategy must cover the whole game, got one from public node {strategy.span.node}")
        sequences, hands = self.tree.sequences[player], self.tree.num_hands(player)
        self._fill(strategy)
        cfv, policy = self._cfv[player], self._policy[player]
        span, other_reach = span_of(self._part, player), self._reach[1 - player]
        evaluate(sequences.first_row, sequences.parent_row, self.tree.terminals[player], span, other_reach, policy, False, cfv)
        first = sequences.first_row[:-1].astype(np.int64) - 1
        value = np.add.reduceat(policy[1:, :hands] * cfv[1:, :hands], first, axis=0)  # [K, H]
        regret = cfv[1:, :hands] - np.repeat(value, self._counts[player], axis=0)
        at_decision = other_reach[self._other_row[player], : self.tree.num_hands(1 - player)]
        cf_reach = np.matmul(self._chance[player], at_decision[:, :, None])[:, :, 0]
        return Regrets(regret, cf_reach, self._reach[player][sequences.parent_row, :hands])

    def _fill(self, strategy: Strategy) -> None:
        for p in (0, 1):
            self._policy[p][1:] = strategy.tables[p]
            self._reach[p][0, : self.tree.num_hands(p)] = 1.0
            sequences = self.tree.sequences[p]
            propagate_reach(sequences.first_row, sequences.parent_row, span_of(self._part, p), self._policy[p], self._reach[p])
