"""The one representation: a public tree as arrays, private hands as vectors.

Every action of a poker-style game is public and only the hands are private, so a *public node* is what everybody knows and everything
private is a vector over hands. Two facts make the arrays simple:

* Nodes stand in preorder, so a subgame is a slice: of nodes, of each player's decisions and rows, and of terminals.
* What a player does is kept by *sequence*: row ``r`` is one action at one of that player's decisions, row 0 the empty sequence. A
  player's strategy, regrets, reach and cfvs are all ``[rows, H]``, and a sweep for one player touches only that player's rows and the
  terminals: the opponent's and chance's nodes need no visit (von Stengel 1996, the sequence form, with hands as vectors).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Array, Float, Index, Int32
from games.kernels import DenseTerminals

CHANCE, TERMINAL = -1, -4  # OpenSpiel's numbers


class Sequences(NamedTuple):
    """One player's decisions (K of them, in preorder) and sequences (R rows, the empty one included)."""

    node: Index  # [K] public node of each decision
    first_row: Index  # [K + 1] decision k's actions are rows first_row[k] : first_row[k + 1]; first_row[0] = 1
    parent_row: Index  # [K] the player's last row before decision k
    action: Int32  # [R] action of each row as the game numbers it, -1 for the empty sequence


class Slice(NamedTuple):
    """A subgame: everything at and below one public node, as half-open index ranges. Pairs are indexed by player."""

    node: int
    end: int
    decisions: tuple[tuple[int, int], tuple[int, int]]
    rows: tuple[tuple[int, int], tuple[int, int]]
    root_row: tuple[int, int]  # each player's last row before the subgame
    terminals: tuple[int, int]


class Preorder:
    """Nodes in preorder: the first child stands next to its parent, each other one where the subtree of the child before it ends."""

    end: Int32  # [N] one past the last node of the subtree

    def children(self, node: int) -> list[int]:
        """Return the children of a node in order."""
        found, child = [], node + 1
        while child < self.end[node]:
            found.append(child)
            child = int(self.end[child])
        return found


@dataclass(frozen=True, eq=False)
class PublicTree(Preorder):
    """A public game flattened to arrays. N public nodes in preorder, parents first; H[p] hands of player p."""

    game: str  # the game string that it came from
    hands: tuple[tuple[str, ...], tuple[str, ...]]  # text of each player's hands
    chance_weights: Float  # [M, H0, H1] joint probability of deals and of the public chance outcomes so far, card removal included
    chance_of: Index  # [N] which of them holds at a node
    player: npt.NDArray[np.int8]  # [N] who acts: 0, 1, CHANCE or TERMINAL
    parent: Int32  # [N] -1 at the root
    action: Int32  # [N] action or chance outcome that leads here, -1 at the root
    end: Int32  # [N] one past the last node of the subtree
    round: Int32  # [N] how many public chance events came before
    labels: tuple[str, ...]  # [N] text of `action`
    row: Index  # [2, N] each player's last row at the node
    decision: Int32  # [N] index among the acting player's decisions, -1 where nobody acts
    sequences: tuple[Sequences, Sequences]
    terminals: tuple[DenseTerminals, DenseTerminals]  # one view per player

    @cached_property
    def _before(self) -> tuple[Index, Index, Index]:
        """[N + 1] each, decisions of player 0, of player 1 and terminals among the nodes before one."""
        first, second, terminals = (np.append(0, np.cumsum(self.player == who)).astype(np.uint32) for who in (0, 1, TERMINAL))
        return first, second, terminals

    @cached_property
    def _subgames(self) -> dict[int, Slice]:
        """Those that were asked for."""
        return {}

    @property
    def deal_weights(self) -> Float:
        """[H0, H1], the joint probability of a deal."""
        weights: Float = self.chance_weights[self.chance_of[0]]
        return weights

    @property
    def num_nodes(self) -> int:
        """N, the number of public nodes."""
        return len(self.player)

    def num_rows(self, player: int) -> int:
        """R, the number of a player's sequences."""
        return len(self.sequences[player].action)

    def num_hands(self, player: int) -> int:
        """H of one player."""
        return len(self.hands[player])

    def padded_hands(self, player: int) -> int:
        """Length of that player's rows."""
        return int(self.terminals[player].payoff.shape[1])

    def rows_at(self, node: int) -> slice:
        """Return the acting player's rows at a decision.

        Raises:
            ValueError: nobody acts there.
        """
        if self.player[node] < 0:
            raise ValueError(f"node must be a decision, got {node} (player {self.player[node]})")
        first = self.sequences[self.player[node]].first_row
        k = int(self.decision[node])
        return slice(int(first[k]), int(first[k + 1]))

    def subgame(self, node: int = 0) -> Slice:
        """Return the slice of everything at and below ``node``.

        Raises:
            ValueError: node out of range.
        """
        if (known := self._subgames.get(node)) is not None:
            return known
        if not 0 <= node < self.num_nodes:
            raise ValueError(f"node must be in 0..{self.num_nodes - 1}, got {node}")
        end = int(self.end[node])
        first, second, terminals = ((int(before[node]), int(before[end])) for before in self._before)
        rows_0, rows_1 = (
            (int(own.first_row[low]), int(own.first_row[high])) for own, (low, high) in zip(self.sequences, (first, second), strict=True)
        )
        roots = int(self.row[0, node]), int(self.row[1, node])
        found = self._subgames[node] = Slice(node, end, (first, second), (rows_0, rows_1), roots, terminals)
        return found

    def path(self, node: int, ancestor: int = 0) -> list[int]:
        """Return the nodes from ``ancestor`` to ``node``, both included.

        Raises:
            ValueError: ``ancestor`` does not lead to ``node``.
        """
        if not ancestor <= node < self.end[ancestor]:
            raise ValueError(f"node must lie below node {ancestor}, got {node}")
        found = [node]
        while found[-1] != ancestor:
            found.append(int(self.parent[found[-1]]))
        return found[::-1]

    def text(self, node: int) -> str:
        """Return the public history of a node in words."""
        return " ".join(self.labels[i] for i in self.path(node)[1:]) or "start"

    def memory_bytes(self) -> int:
        """Return the size of the tree's arrays in bytes."""
        parts = [*vars(self).values(), *self._before, *(column for part in (*self.sequences, *self.terminals) for column in part)]
        arrays: list[Array] = [part for part in parts if isinstance(part, np.ndarray)]
        return sum({id(a): a.nbytes for a in arrays}.values())
