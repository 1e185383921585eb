"""What a network sees and how its outputs map to strategies: dense [K, A, H] arrays beside the tree's tables of sequences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from games import PublicTree, features

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Encoding:
    """One game's inputs and outputs for networks. Pairs are by player; K decisions, R sequences, H hands of that player.

    An output column is an *action of the game* (a raise stays the same column wherever it is legal), not a place among the legal ones.
    """

    tree: PublicTree
    actions: Int  # [A] the game's number of each output column, ascending
    public: tuple[Float32, Float32]  # [K, D_public]
    hand: tuple[Float32, Float32]  # [H, D_hand]
    legal: tuple[Bool, Bool]  # [K, A]
    row_decision: tuple[Int, Int]  # [R - 1] decision of each sequence but the empty one
    row_column: tuple[Int, Int]  # [R - 1] its output column

    def dense(self, player: int, table: Float) -> Float:
        """Return [K, A, H] from a table [R - 1, at least H] over the whole game; 0 where an action is not legal."""
        found = np.zeros((*self.legal[player].shape, self.tree.num_hands(player)))
        found[self.row_decision[player], self.row_column[player]] = table[:, : found.shape[2]]
        return found

    def table(self, player: int, dense: Float) -> Float:
        """Return a table [R - 1, padded H] over the whole game from [K, A, H]; padding is 0."""
        found = np.zeros((self.tree.num_rows(player) - 1, self.tree.padded_hands(player)))
        found[:, : dense.shape[2]] = dense[self.row_decision[player], self.row_column[player]]
        return found

    def uniform(self, player: int) -> Float:
        """Return [K, A, H], every legal action with the same probability."""
        legal = self.legal[player].astype(np.float64)
        return np.repeat((legal / legal.sum(axis=1, keepdims=True))[:, :, None], self.tree.num_hands(player), axis=2)


def encode(tree: PublicTree) -> Encoding:
    """Return the encoding of a tree's game.

    Raises:
        UnsuitableGameError: the game gives no information state tensors, or they do not split into public and hand entries.
    """
    found = features(tree.game)
    actions = np.unique(np.concatenate([s.action[1:] for s in tree.sequences])).astype(np.int64)
    legal, decisions, columns = [], [], []
    for sequences in tree.sequences:
        first = sequences.first_row.astype(np.int64)
        counts = first[1:] - first[:-1]
        decisions.append(np.repeat(np.arange(len(counts)), counts))
        columns.append(np.searchsorted(actions, sequences.action[1:]).astype(np.int64))
        legal.append(np.zeros((len(counts), len(actions)), bool))
        legal[-1][decisions[-1], columns[-1]] = True
    return Encoding(tree, actions, found.public, found.hand, (legal[0], legal[1]), (decisions[0], decisions[1]), (columns[0], columns[1]))
