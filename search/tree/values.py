"""What histories of a derived game are worth when both play a strategy on: the value function of AIVAT on public trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from games import CHANCE, TERMINAL, PublicTree
from games.derived import derived_game
from search.tree.strategy import Strategy

Float = npt.NDArray[np.float64]


def history_values(strategy: Strategy) -> Float:
    """Return [N, H0, H1], player 0's expected chips of every history when both play a strategy of the whole game from there on."""
    if strategy.span.node != 0:
        raise ValueError(f"strategy must cover the whole game, got one from public node {strategy.span.node}")
    return values_below(strategy.tree, 0, (strategy.tables[0][None], strategy.tables[1][None]))[:, 0, 0]


def values_below(tree: PublicTree, root: int, tables: tuple[Float, Float]) -> Float:
    """Return [N, C0, C1, H0, H1], player 0's expected chips of the histories of N public nodes, those at and below a root.

    Args:
        tree: the game.
        root: a public node.
        tables: per player [C, rows of the whole game - 1, padded H], the C strategies that the player may go on with.
    """
    game, end = derived_game(tree), int(tree.end[root])
    values = np.zeros((end - root, len(tables[0]), len(tables[1]), *tree.deal_weights.shape))
    for node in range(end - 1, root - 1, -1):
        if tree.player[node] == TERMINAL:
            values[node - root] = game.payoffs(node)
        if node > root:
            parent = int(tree.parent[node])
            values[parent - root] += values[node - root] * _probability(tree, tables, parent, node)
    return values


def _probability(tree: PublicTree, tables: tuple[Float, Float], node: int, child: int) -> Float:
    """Return the probability of a child given continuations and hands, what broadcasts to [C0, C1, H0, H1]."""
    player = int(tree.player[node])
    if player == CHANCE:
        before, after = (tree.chance_weights[tree.chance_of[i]] for i in (node, child))
        chance: Float = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
        return chance
    rows: Float = tables[player][:, int(tree.row[player, child]) - 1, : tree.num_hands(player)]
    return rows[:, None, :, None] if player == 0 else rows[None, :, None]


def _along(player: int, row: Float) -> Float:
    """Return a player's [H] so that it broadcasts to [H0, H1]."""
    return row[:, None] if player == 0 else row[None, :]


class TreeValues:
    """See ``search.representation.ValueFunction``; a belief is [H0, H1], the product of both players' own reach.

    Args:
        tree: the public tree.
        values: [N, H0, H1] player 0's chips of every history; those of terminals must be true, all others may be anything.
    """

    def __init__(self, tree: PublicTree, values: Float) -> None:
        self.tree, self.values = tree, values

    def _weights(self, state: int) -> Float:
        weights: Float = self.tree.chance_weights[self.tree.chance_of[state]]
        return weights

    def dealt(self, held: tuple[int | None, int | None]) -> tuple[Float, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        weights, root = self.tree.deal_weights, self.values[0]
        belief = np.ones_like(weights)
        for player, hand in enumerate(held):
            if hand is not None:
                belief = belief * _along(player, np.eye(weights.shape[player])[hand])
        return belief, [] if held == (None, None) else [float((weights * root).sum()) - _mean(weights * belief, root)]

    def revealed(self, belief: Float, state: int, child: int, random: np.random.Generator) -> tuple[Float, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        total, terms = float((self._weights(state) * belief).sum()), []
        for below in self.tree.children(state):
            after = self._weights(below) * belief
            terms.append(float((after * self.values[below]).sum()) / total)
            if below == child:
                terms.append(-_mean(after, self.values[below]))
        return belief, terms

    def acted(self, belief: Float, state: int, child: int, policy: Float) -> tuple[Float, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        player, here, found = int(self.tree.player[state]), self._weights(state) * belief, belief
        total, terms = float(here.sum()), []
        for below, row in zip(self.tree.children(state), policy, strict=True):
            after = here * _along(player, row)
            terms.append(float((after * self.values[below]).sum()) / total)
            if below == child:
                found = belief * _along(player, row)
                terms.append(-_mean(after, self.values[below]))
        return found, terms

    def payoff(self, belief: Float, state: int) -> float:
        """See ``search.representation.ValueFunction``."""
        return _mean(self._weights(state) * belief, self.values[state])

    def action_values(self, state: int, range_: Float) -> Float:
        """See ``search.representation.ValueFunction``."""
        below = self._weights(state) * self.values[self.tree.children(state)]
        found: Float = below @ range_ if self.tree.player[state] == 0 else -(range_ @ below)
        return found


def _mean(weights: Float, values: Float) -> float:
    return float((weights * values).sum() / weights.sum())
