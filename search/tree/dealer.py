"""Many deals of a derived game at once; see ``search.dealing``."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from games import CHANCE, TERMINAL
from games.derived import DerivedGame
from search.dealing import Cells, Float, Float32, Int, Played


class TreeDealer:
    """See ``search.dealing.Dealer``.

    Args:
        game: whole.
        opponent: [R - 1, padded H] the other player's table.
        player: the learner.
    """

    def __init__(self, game: DerivedGame, opponent: Float, player: int) -> None:
        tree = self.tree = game.tree
        self.table, self.player, sequences = opponent, player, tree.sequences[player]
        first_row = sequences.first_row.astype(np.int64) - 1
        self.cells, rows = Cells([(tree.num_hands(player), first_row)]), int(first_row[-1])
        self.stakes, self.known = [np.ones(rows, np.float32)], [np.full(rows, np.nan, np.float32)]
        self._row_decision = np.repeat(np.arange(len(sequences.node)), np.diff(first_row))
        children = [tree.children(node) for node in range(tree.num_nodes)]
        self._children = np.zeros((tree.num_nodes, max(map(len, children))), np.int64)
        self._there = np.zeros(self._children.shape, bool)
        for node, own in enumerate(children):
            self._children[node, : len(own)], self._there[node, : len(own)] = own, True
        ends = np.flatnonzero(tree.player == TERMINAL)
        self._end_of = np.full(tree.num_nodes, -1)
        self._end_of[ends] = np.arange(len(ends))
        self._paid = np.stack([game.payoffs(int(node)) for node in ends]) * (1 if player == 0 else -1)
        self._deals = np.cumsum(tree.deal_weights.ravel())

    def _likely(self, node: Int, hands: Int, values: npt.NDArray[np.float32], exploring: float) -> Float:
        """Return [B, actions], how likely each child comes next, up to a factor; ``values`` are [H, R]."""
        tree, own, below = self.tree, self.player, self._children[node]
        rows, player = tree.row[:, below].astype(np.int64) - 1, tree.player[node][:, None]
        chance = tree.chance_weights[tree.chance_of[below], hands[0][:, None], hands[1][:, None]]
        theirs = self.table[rows[1 - own], hands[1 - own][:, None]]
        worth = np.where(self._there[node], values[hands[own][:, None], rows[own]], -np.inf)
        greedy = (worth.argmax(axis=1)[:, None] == np.arange(worth.shape[1])) * (1 - exploring)
        mine = greedy + exploring / self._there[node].sum(axis=1).clip(1)[:, None]
        likely: Float = np.where(player == CHANCE, chance, np.where(player == own, mine, theirs)) * self._there[node]
        return likely

    def play(self, count: int, values: Float32, exploring: float, random: np.random.Generator) -> Played:
        """See ``search.dealing.Dealer``."""
        tree, number, (table,) = self.tree, np.arange(count), self.cells.tables(values)
        dealt = np.searchsorted(self._deals, random.random(count) * self._deals[-1], side="right").clip(max=len(self._deals) - 1)
        hands, node = np.stack(np.divmod(dealt, tree.num_hands(1))), np.zeros(count, np.int64)
        taken, rows, decisions = [], table.shape[1], len(tree.sequences[self.player].node)
        while len(going := number[tree.player[node] != TERMINAL]):
            here = node[going]
            sums = self._likely(here, hands[:, going], table, exploring).cumsum(axis=1)
            drawn = (sums <= random.random(len(going))[:, None] * sums[:, -1:]).sum(axis=1)
            node[going] = self._children[here, drawn]
            who = going[tree.player[here] == self.player]
            row, held = tree.row[self.player, node[who]].astype(np.int64) - 1, hands[self.player, who]
            taken.append((who, held * rows + row, held * decisions + self._row_decision[row]))
        return Played(taken, self._paid[self._end_of[node], hands[0], hands[1]])
