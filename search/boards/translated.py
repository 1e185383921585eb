"""Strategies of a game carried to one in which the opponent has more first bets, as translation plays them.

A table here is a *plan*: a row holds a player's reach of it, the product of its own action probabilities from the root on (the sequence
form; von Stengel 1996). Who takes a bet at random for one of two, and goes on as if that had been bet until the hand is over, comes to a
state with the mean of the two plans: plans add up, where probabilities of actions would have to be weighted by reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from games.holdem.betting_tree import BettingTree
from games.holdem.board_tree import BoardTree
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, STREET
from search.boards.sweeps import Rows
from search.boards.trunk import StoredStrategy, Strategies, above, root_reach, row_reach
from search.off_tree import pseudo_harmonic

TREMBLE = 1e-6  # how often the model bets what its menu lacks, for each time that it bets the sizes around it
TILES = 256  # that are copied at a time: some ten megabytes
Taken = tuple[tuple[int, float], ...]  # nodes of the smaller tree of bets, with shares


class Whole(NamedTuple):
    """A game with both players' strategies, per player [stored rows, 8]."""

    game: HoldemGame
    tree: BoardTree
    tables: Strategies


class Extra(NamedTuple):
    """A bet that the smaller game's menu lacks.

    Attributes:
        node: of the larger tree, after the bet.
        decision: of the smaller tree, where it was bet.
        likely: what it is taken for.
    """

    node: int
    decision: int
    likely: Taken


@dataclass(frozen=True)
class Correspondence:
    """What a larger tree's lines are taken for in a smaller one.

    Attributes:
        taken: [nodes of the larger tree]; empty where the smaller one has nothing like it.
        extras: in preorder.
    """

    taken: tuple[Taken, ...]
    extras: tuple[Extra, ...]


def correspondence(small: HoldemGame, large: HoldemGame, translating: bool = True) -> Correspondence:
    """Return what the lines of a game are taken for in one with fewer first bets.

    Args:
        small: with fewer.
        large: with more, else the same.
        translating: take a bet that ``small`` lacks for the sizes around it; else nothing corresponds to it.

    Raises:
        ValueError: below a bet that is taken for another one other actions are on offer than below that, as where one of them is all-in.
    """
    bets, other = large.bets, small.bets
    taken: list[Taken] = [()] * len(bets.player)
    taken[0] = ((0, 1.0),)
    extras: list[Extra] = []
    for node in range(len(taken)):
        below, here = bets.children(node), taken[node]
        if not below or not here:
            continue
        first = other.children(here[0][0])
        labels = [other.labels[child] for child in first]
        new = [child for child in below if bets.labels[child] not in labels] if len(here) == 1 and len(below) > len(first) else []
        for child in new if translating else []:
            taken[child] = _around(bets, node, child, other, here[0][0])
            extras.append(Extra(child, here[0][0], taken[child]))
        alike = [child for child in below if child not in new]
        for at, share in here:
            _check_alike(large, alike, other, at)
            for child, found in zip(alike, other.children(at), strict=True):
                taken[child] += ((found, share),)
    return Correspondence(tuple(taken), tuple(extras))


def _around(bets: BettingTree, node: int, child: int, other: BettingTree, at: int) -> Taken:
    """Return which bets of the smaller tree a bet is taken for."""
    player, pot = int(bets.player[node]), float(bets.contribution[node].sum())
    offers = [c for c in other.children(at) if other.contribution[c, player] > other.contribution[at].max()]
    sizes = [float(other.contribution[c, player] - other.contribution[at, player]) / pot for c in offers]
    size = float(bets.contribution[child, player] - bets.contribution[node, player]) / pot
    if not offers:
        raise ValueError(f"game must have a bet that {bets.labels[child]!r} can be taken for, got none")
    return tuple((offers[place], share) for place, share in pseudo_harmonic(size, sizes))


def _check_alike(large: HoldemGame, children: list[int], other: BettingTree, at: int) -> None:
    """Refuse other kinds of actions."""
    verbs = [[tree.labels[c].split()[0] for c in below] for tree, below in ((large.bets, children), (other, other.children(at)))]
    if verbs[0] != verbs[1]:
        raise ValueError(
            f"game.stack must be so large that an extra bet leaves the actions of the bets around it, got {', '.join(verbs[0])} after it "
            f"and {', '.join(verbs[1])} after one of them"
        )


def plan(game: HoldemGame, tree: BoardTree, player: int, table: StoredStrategy) -> Rows:
    """Return [stored rows, 8], a player's strategy as a plan; ``table`` is in proportion to action probabilities."""
    found = np.zeros((tree.stored_rows[player], LANES), tree.weight.dtype)
    exits = [np.array(street[player].exit_row, np.int64) for street in betting_streets(game.bets, (0,))]
    stack = [(0, root_reach(game, player)[above(tree, player, 0)])]
    while stack:
        board, entry = stack.pop()
        reach = row_reach(tree, player, table, board, entry)
        own = tree.tiled(player, board, found)
        lines, hands = tree.lines_of(player, board), reach.shape[1]
        padded = np.zeros((len(reach) - lines, len(own) * LANES))
        padded[:, :hands] = reach[lines:]
        own[:] = padded.reshape(len(padded), len(own), LANES).transpose(1, 0, 2)
        left = reach[exits[int(tree.boards[board, STREET])]].T
        below = range(int(tree.boards[board, CHILD]), int(tree.boards[board, CHILD_END]))
        stack += [(child, left[above(tree, player, child)]) for child in below]
    return found


def translated(before: Whole, game: HoldemGame, tree: BoardTree, player: int, found: Correspondence) -> Rows:
    """Return [stored rows, 8], a player's plan in a game with more first bets.

    A player who can make a bet that the smaller game lacks does so with ``TREMBLE`` of the probability of the sizes around it: too seldom
    to change anything else, and with the hands that those are made with.

    Args:
        before: the smaller game, and plans of it.
        game: the larger one.
        tree: its board tree.
        player: whose plan.
        found: ``correspondence`` of the games.
    """
    out = np.zeros((tree.stored_rows[player], LANES), tree.weight.dtype)
    sources, scale = _rows_of_children(before.game.bets, before.tree, player), {extra.node: TREMBLE for extra in found.extras}
    copies: list[list[list[tuple[int, int, float]]]] = [[] for _ in game.deals]  # by street, a list for each place in ``Taken``
    for child, row in _rows_of_children(game.bets, tree, player).items():
        street = copies[int(game.bets.round[game.bets.parent[child]])]
        for k, (source, share) in enumerate(found.taken[child]):
            if k == len(street):
                street.append([])
            street[k].append((row, sources[source], share * scale.get(child, 1.0)))
    for s, street in enumerate(copies):
        old, new = before.tree.tiled_street(player, s, before.tables[player]), tree.tiled_street(player, s, out)
        for copied in street:
            into, out_of = (np.array([entry[k] for entry in copied], np.int64) for k in (0, 1))
            shares = np.array([entry[2] for entry in copied], out.dtype)[:, None]
            for tile in range(0, len(old), TILES):
                new[tile : tile + TILES, into] += shares * old[tile : tile + TILES, out_of]
    return out


def _rows_of_children(bets: BettingTree, tree: BoardTree, player: int) -> dict[int, int]:
    """Return the row, lines left out, of each node that a player's action leads to."""
    nodes = np.flatnonzero(bets.player == player).tolist()
    return {child: tree.rows_of[node].start + a for node in nodes for a, child in enumerate(bets.children(node))}
