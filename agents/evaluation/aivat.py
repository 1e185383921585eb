"""AIVAT: a low-variance, unbiased estimate of what a hand was worth.

Burch, Schmid, Moravcik, Morrill, Bowling (2018), "AIVAT: A New Variance Reduction Technique for Agent Evaluation in Imperfect Information
Games", arXiv 1612.06915. Two ideas:

* *Corrections.* Wherever something was drawn with known probabilities, a public card or an action of an agent whose policy is known,
  the estimate adds what was expected before the draw less what is expected after it, by a value function. Each correction is zero on
  average whatever the value function is, so a bad one costs variance and never bias.
* *All hands at once.* Values are averaged over every private hand that an agent of known policy could have held with the same public
  history, weighted by the deal and by its own action probabilities: its hand is never "drawn" at all. The hand of a stranger, whose
  policy is not known, stays the one that was held; its deal is corrected for, its actions are not.

With both policies known the estimate depends on the public history alone. If the value function is the very match's, it is constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from games import CHANCE, TERMINAL
from games.derived import derived_game
from search import Strategy

Float = npt.NDArray[np.float64]


class Step(NamedTuple):
    """One step of a deal: the public state left, the one come to, and the policy [A, H] that drew it if it is known."""

    state: Any
    child: Any
    policy: Float | None = None


class Aivat(Protocol):
    """A value function of a game, and the estimates that it makes."""

    def estimate(self, steps: Sequence[Step], held: tuple[int | None, int | None] = (None, None), end: float | None = None) -> float:
        """Return player 0's AIVAT estimate of a deal in chips.

        Args:
            steps: from the root on, to a terminal unless ``end`` is given; every decision of a player whose policy is known has it.
            held: by player, the hand of one whose policy is not known: its deal is corrected for, its actions are not.
            end: player 0's chips where the deal ended before a terminal.
        """
        ...


def history_values(strategy: Strategy) -> Float:
    """Return [N, H0, H1], player 0's expected chips of every history when both play a strategy of the whole game from there on."""
    tree, game = strategy.tree, derived_game(strategy.tree)
    if strategy.span.node != 0:
        raise ValueError(f"strategy must cover the whole game, got one from public node {strategy.span.node}")
    values = np.zeros((tree.num_nodes, *tree.deal_weights.shape))
    for node in range(tree.num_nodes - 1, -1, -1):
        if tree.player[node] == TERMINAL:
            values[node] = game.payoffs(node)
        if node:
            parent = int(tree.parent[node])
            values[parent] += values[node] * _probability(strategy, parent, node)
    return values


def _probability(strategy: Strategy, node: int, child: int) -> Float:
    """Return the probability of a child given the hands, [H0, H1] or what broadcasts to it."""
    tree, player = strategy.tree, int(strategy.tree.player[node])
    if player == CHANCE:
        before, after = (tree.chance_weights[tree.chance_of[i]] for i in (node, child))
        chance: Float = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
        return chance
    row: Float = strategy.tables[player][int(tree.row[player, child]) - 1, : tree.num_hands(player)]
    return row[:, None] if player == 0 else row[None, :]


class TreeAivat:
    """The value function of a strategy of a derived game.

    Args:
        strategy: of the whole game, what both play without thinking.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.tree, self.values = strategy.tree, history_values(strategy)

    def estimate(self, steps: Sequence[Step], held: tuple[int | None, int | None] = (None, None), end: float | None = None) -> float:
        """See ``Aivat``."""
        tree, values = self.tree, self.values
        weights = tree.deal_weights
        estimate = 0.0
        mask = np.ones_like(weights)
        for player, hand in enumerate(held):
            if hand is not None:
                alone = np.zeros(weights.shape[player])
                alone[hand] = 1.0
                mask = mask * (alone[:, None] if player == 0 else alone[None, :])
        if held != (None, None):
            estimate += float((weights * values[0]).sum()) - _mean(weights * mask, values[0])
        reach = mask  # [H0, H1] the product of both players' own reach
        node = 0
        for step in steps:
            player = int(tree.player[step.state])
            before = tree.chance_weights[tree.chance_of[step.state]]
            node = step.child
            if player == CHANCE:
                total = float((before * reach).sum())
                for child in tree.children(step.state):
                    after = tree.chance_weights[tree.chance_of[child]] * reach
                    estimate += float((after * values[child]).sum()) / total
                    if child == step.child:
                        estimate -= _mean(after, values[child])
            elif step.policy is not None:
                here = before * reach
                total = float(here.sum())
                for child, row in zip(tree.children(step.state), step.policy, strict=True):
                    probability = row[:, None] if player == 0 else row[None, :]
                    estimate += float((here * probability * values[child]).sum()) / total
                    if child == step.child:
                        reach = reach * probability
                        estimate -= _mean(here * probability, values[child])
            elif held[player] is None:
                raise ValueError(f"steps must carry the policy of player {player}, which is known, got none at {tree.text(step.state)!r}")
        return estimate + (_mean(tree.chance_weights[tree.chance_of[node]] * reach, values[node]) if end is None else end)


def _mean(weights: Float, values: Float) -> float:
    return float((weights * values).sum() / weights.sum())
