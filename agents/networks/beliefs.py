"""How value networks see public belief states: what is public, both players' ranges, and what uniform play would be worth.

Ranges are shares that add up to one. What each hand is worth if both players act uniformly from the state on is a start that the network
corrects; it depends on both ranges and on chance's weights, which the network need not learn then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from games import PublicTree
from games.arrays import Float, Float32, Index
from games.public_tree import TERMINAL
from search.frontier import NoValuesError
from search.tree.leaf_values import see_ranges, see_values, zero_sum_cfvs
from search.tree.strategy import uniform
from search.tree.values import history_values

Pair = tuple[Float, Float]


class BeliefEncoding:
    """How a network sees the public belief states of a tree: [public | both ranges | both players' values under uniform play].

    Players are alike in Liar's Dice: all that a state says of them is who acts. Then the player who acts stands first, else player 0.

    Args:
        tree: the game.
        public: per player [K, D] features of each of its decisions, as everybody sees them.
        tremble: share of every range that is spread over all hands that can be there.
    """

    def __init__(self, tree: PublicTree, public: tuple[Float32, Float32], tremble: float) -> None:
        self.tree, self.tremble = tree, tremble
        self.hands = tree.num_hands(0), tree.num_hands(1)
        self.alike = tree.game.startswith("liars_dice") and self.hands[0] == self.hands[1]
        self.public = np.zeros((tree.num_nodes, 1 + public[0].shape[1]), np.float32)  # [N, D], who acts and the public features
        for player, features in enumerate(public):
            nodes = tree.sequences[player].node
            self.public[nodes, 0], self.public[nodes, 1:] = 0 if self.alike else player, last_only(tree, features)
        self.length = self.public.shape[1] + 2 * sum(self.hands)

    @cached_property
    def stakes(self) -> Float:
        """[N], the most chips that can be won or lost at or below each node."""
        tree, view = self.tree, self.tree.terminals[0]
        most = np.abs(view.payoff).reshape(-1, view.other_hands, view.payoff.shape[1])
        weights = tree.chance_weights.transpose(0, 2, 1)
        stakes = np.zeros(tree.num_nodes)
        ends = np.flatnonzero(tree.player == TERMINAL)
        for i, node in enumerate(ends.tolist()):
            weight = weights[tree.chance_of[node]]
            chips = most[view.matrix[i]][:, : weight.shape[1]]
            stakes[node] = abs(view.scale[i]) * float(np.divide(chips, weight, out=np.zeros_like(weight), where=weight > 0).max())
        for node in range(tree.num_nodes - 1, 0, -1):
            stakes[tree.parent[node]] = max(stakes[tree.parent[node]], stakes[node])
        return stakes

    @cached_property
    def uniform_values(self) -> Float:
        """[N, H0, H1], what player 0 wins in stakes at each node with each pair of hands if both players act uniformly from there on."""
        values: Float = history_values(uniform(self.tree)) / self.stakes[:, None, None]
        return values

    def states(self, nodes: Sequence[int]) -> PublicStates:
        """Return public states that a network is to see."""
        return PublicStates(self, np.array(nodes, np.int64))


class PublicStates:
    """B decisions of a tree as a network sees them, with what does not depend on ranges at hand.

    Attributes:
        weights: [B, H0, H1], chance's.
        live: per player [B, H], 1 for hands that can be there, 0 for others.
        stakes: [B], see ``BeliefEncoding``.
    """

    def __init__(self, encoding: BeliefEncoding, nodes: Index) -> None:
        if (encoding.tree.player[nodes] < 0).any():
            raise ValueError(f"node must be a decision, got {nodes[encoding.tree.player[nodes] < 0][0]}")
        (first, second), public = encoding.hands, encoding.public.shape[1]
        self.encoding, self.weights = encoding, encoding.tree.chance_weights[encoding.tree.chance_of[nodes]]
        self.live = tuple((self.weights.max(axis=axis, initial=0) > 0).astype(np.float64) for axis in (2, 1))
        self.stakes, self._values = encoding.stakes[nodes], encoding.uniform_values[nodes]
        swapped = encoding.alike & (encoding.tree.player[nodes] == 1)
        self._first = np.stack([np.where(swapped, second, 0), np.where(swapped, 0, first)]).astype(np.uint32)  # per player [B]
        self._ranges, self._worth = self._first + np.uint32(public), self._first + np.uint32(public + first + second)
        self._features = np.pad(encoding.public[nodes], ((0, 0), (0, 2 * (first + second))))

    def seen(self, ranges: Pair, tremble: float = 0.0) -> Float32:
        """Return [B, length], valid until the next call.

        Args:
            ranges: per player [B, H].
            tremble: share of them that is spread over all live hands.
        """
        for player in (0, 1):
            see_ranges(ranges[player], self.live[player], tremble, self._ranges[player], self._features)
        see_values(self.weights, self._values, self._ranges, self._worth, self._features)
        return self._features

    def trembled(self, ranges: Pair) -> Pair:
        """Return per player [B, H], shares with as much of every live hand as the network sees of it."""
        seen = self.seen(ranges, self.encoding.tremble)
        first, second = (np.take_along_axis(seen, self._columns(player, self._ranges), 1).astype(np.float64) for player in (0, 1))
        return first, second

    def _columns(self, player: int, first: Index) -> Index:
        columns: Index = first[player][:, None] + np.arange(self.encoding.hands[player], dtype=np.uint32)
        return columns

    def arranged(self, pair: Pair) -> Float:
        """Return [B, H0 + H1], what is known of both players' hands [B, H] as the network says it."""
        row = np.zeros((len(self.stakes), sum(self.encoding.hands)))
        for player, values in enumerate(pair):
            np.put_along_axis(row, self._columns(player, self._first), values, 1)
        return row

    def cfvs(self, player: int, values: Float32, ranges: Pair) -> Float:
        """Return [B, H], a player's cfvs in chips from values in stakes, moved so that both players' are zero-sum.

        Raises:
            NoValuesError: NaN or infinity.
        """
        cfvs = np.empty_like(ranges[player])
        if not zero_sum_cfvs(player, values, self._first, self.stakes, self.weights, *ranges, cfvs):
            raise NoValuesError("network must give finite values, got NaN or infinity")
        return cfvs


def last_only(tree: PublicTree, public: Float32) -> Float32:
    """Return features of decisions without what can no longer matter: in Liar's Dice only the last bid counts, of all that were made."""
    if not tree.game.startswith("liars_dice"):
        return public
    last = np.zeros_like(public)
    bids = public > 0
    rows = np.flatnonzero(bids.any(axis=1))
    columns = public.shape[1] - 1 - bids[rows, ::-1].argmax(axis=1)
    last[rows, columns] = 1
    return last
