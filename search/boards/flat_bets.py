"""A tree of bets as sampling sees it: decisions and ends of the hand, street by street; see ``search.kernels.mccfr``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from games.arrays import Int, Int32
from games.holdem.rules import HoldemGame
from games.public_tree import CHANCE, TERMINAL
from search.kernels.mccfr import Bets


class FlatBets(NamedTuple):
    """The arrays of a tree of bets, and where its decisions are in ``HoldemGame.bets``."""

    bets: Bets
    node: Int32  # [D] node of each decision
    decision: Int32  # [N] decision of each node, -1 elsewhere
    rows: int  # of a table
    sizes: tuple[int, ...]  # buckets of each street

    def rows_at(self, decision: int) -> Int:
        """Return [K, A], the rows of a decision's buckets and actions in a table."""
        bets = self.bets
        street, first, last = int(bets.street[decision]), int(bets.slot[decision]), int(bets.slot[decision + 1])
        start, width = int(bets.first_slot[street]), int(bets.first_slot[street + 1] - bets.first_slot[street])
        bucket = np.arange(self.sizes[street])[:, None]
        rows: Int = int(bets.table_start[street]) + bucket * width + np.arange(first - start, last - start)
        return rows


class Most(NamedTuple):
    """The most that one traversal of a player's can come to."""

    decisions: int  # of both players
    acting: int  # of the traverser's decisions
    regrets: int  # actions at the traverser's decisions
    averages: int  # actions at the opponent's


def flat_bets(game: HoldemGame, sizes: Sequence[int]) -> FlatBets:
    """Return a game's tree of bets for tables with so many buckets on each street."""
    tree = game.bets
    nodes = np.flatnonzero(tree.player >= 0)
    nodes = nodes[np.lexsort((nodes, tree.round[nodes]))]
    decision = np.full(len(tree.player), -1, np.int32)
    decision[nodes] = np.arange(len(nodes))
    child: list[int] = []
    payoffs: list[tuple[float, float]] = []
    slot = [0]
    for node in nodes.tolist():
        for below in tree.children(node):
            while tree.player[below] == CHANCE:  # has one child, the next node
                below += 1
            if tree.player[below] == TERMINAL:
                folded = int(tree.folded[below])
                paid = float(tree.contribution[below, max(folded, 0)])
                payoffs.append((0.0, paid) if folded < 0 else (paid if folded == 1 else -paid, 0.0))
                child.append(-len(payoffs))
            else:
                child.append(int(decision[below]))
        slot.append(len(child))
    street = tree.round[nodes]
    first_slot = np.array(slot)[np.searchsorted(street, range(len(sizes) + 1))]
    lengths = np.diff(first_slot) * np.array(sizes)
    bets = Bets(
        slot=np.array(slot, np.uint32),
        player=tree.player[nodes].astype(np.uint8),
        street=street.astype(np.uint8),
        child=np.array(child, np.int32),
        payoff=np.array(payoffs),
        first_slot=first_slot,
        table_start=np.array([0, *accumulate(lengths.tolist())])[:-1],
    )
    return FlatBets(bets, nodes.astype(np.int32), decision, int(lengths.sum()), tuple(sizes))


def most_visited(bets: Bets, traverser: int) -> Most:
    """Return the most that a traversal can come to: all actions of the traverser's, of the opponent's those that lead furthest."""
    found = np.zeros((len(bets.player), 4), np.int64)
    for d in range(len(bets.player) - 1, -1, -1):  # decisions follow those that lead to them
        first, last = int(bets.slot[d]), int(bets.slot[d + 1])
        below = [found[c] for c in bets.child[first:last].tolist() if c >= 0] or [np.zeros(4, np.int64)]
        acts = bets.player[d] == traverser
        found[d] = np.sum(below, axis=0) if acts else np.max(below, axis=0)
        found[d] += (1, acts, (last - first) * acts, (last - first) * (not acts))
    return Most(*found[0].tolist())
